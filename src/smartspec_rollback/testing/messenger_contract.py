"""What every Messenger must do, as tests: inherit ``MessengerContract`` and supply its fixtures.

``HearsContract`` is for those that people can write to. A test sees the place through a ``Room``,
which stands for the chat system's server and for the people in front of it.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.errors import ProviderError, ProviderUnavailable
from smartspec_rollback.ports.messenger import (
    Answered,
    Commanded,
    Heard,
    Hears,
    Messenger,
    Post,
)
from smartspec_rollback.testing.messenger_room import (
    DEADLINE,
    Listening,
    Room,
    Talk,
    Trouble,
    listening,
)


class MessengerContract:
    """Promises of ``Messenger``.

    Supply ``make`` (a Messenger of the place as a new process makes it) and ``room`` (the place);
    ``secrets`` are texts of its settings that must not be shown. ``document`` puts words into the
    Messenger's form.
    """

    secrets: tuple[str, ...] = ()

    @pytest.fixture
    def make(self) -> Callable[[], Messenger]:
        """Supply what makes Messengers of one place."""
        raise self._not_supplied("make")

    @pytest.fixture
    def room(self) -> Room:
        """Supply the place."""
        raise self._not_supplied("room")

    @pytest.fixture
    def messenger(self, make: Callable[[], Messenger]) -> Messenger:
        """Make one."""
        return make()

    def document(self, text: str) -> str:
        """Put words into the Messenger's form; empty where plain text is all there is."""
        raise self._not_supplied(f"document, to write {text!r}")

    def post(self, key: str, text: str, *, under: str = "") -> Post:
        """Make a post."""
        return Post(key=key, text=text, document=self.document(text), under=under)

    def test_posts_arrive_in_order(self, messenger: Messenger, room: Room) -> None:
        """People read the report before the plan, or not at all."""
        refs = [
            messenger.send(self.post(f"rb-1/{n}", f"post number {n} ✅"), thread="")
            for n in range(3)
        ]
        assert [shown.ref for shown in room.shown()] == refs
        assert [shown.text for shown in room.shown()] == [f"post number {n} ✅" for n in range(3)]
        assert not any(shown.thread for shown in room.shown())

    def test_thread_holds_what_belongs_to_it(self, messenger: Messenger, room: Room) -> None:
        """Progress floods the channel instead of standing below its plan."""
        plan = messenger.send(self.post("rb-1/plan", "the plan"), thread="")
        below = self.post("rb-1/progress", "the progress", under="rb-1/plan")
        progress = messenger.send(below, thread=plan)
        shown = {each.ref: each for each in room.shown()}
        assert shown[progress].thread == plan
        assert not shown[plan].thread

    def test_edit_replaces(self, messenger: Messenger, room: Room) -> None:
        """Every line of progress is a message of its own, or the old words stay."""
        first = messenger.send(self.post("rb-1/plan", "the plan"), thread="")
        ref = messenger.send(self.post("rb-1/progress", "step 1"), thread=first)
        messenger.edit(ref, self.post("rb-1/progress", "step 2"))
        messenger.edit(ref, self.post("rb-1/progress", "step 3"))
        assert [(each.ref, each.text) for each in room.shown()] == [
            (first, "the plan"),
            (ref, "step 3"),
        ]

    def test_lost_answer_makes_no_second_post(
        self, make: Callable[[], Messenger], room: Room
    ) -> None:
        """Who died or was cut off while posting posts the plan twice."""
        before = make().send(self.post("rb-1/before", "before"), thread="")
        post = self.post("rb-1/plan", "the plan")
        room.befall(Trouble.ANSWER_LOST)
        with pytest.raises(ProviderUnavailable):
            make().send(post, thread="")
        room.mend()
        ref = make().send(replace(post, again=True), thread="")
        assert [(each.ref, each.text) for each in room.shown()] == [
            (before, "before"),
            (ref, "the plan"),
        ]

    def test_lost_answer_in_a_thread(self, make: Callable[[], Messenger], room: Room) -> None:
        """What stands in a thread is not found again, and progress stands there twice."""
        plan = make().send(self.post("rb-1/plan", "the plan"), thread="")
        post = self.post("rb-1/progress", "the progress", under="rb-1/plan")
        room.befall(Trouble.ANSWER_LOST)
        with pytest.raises(ProviderUnavailable):
            make().send(post, thread=plan)
        room.mend()
        ref = make().send(replace(post, again=True), thread=plan)
        assert [(each.ref, each.thread) for each in room.shown()] == [(plan, ""), (ref, plan)]

    def test_same_words_are_two_posts(self, messenger: Messenger, room: Room) -> None:
        """The plan of a second rollback is taken for the first one's, and never shown."""
        first = messenger.send(self.post("rb-1/plan", "the plan"), thread="")
        second = messenger.send(self.post("rb-2/plan", "the plan"), thread="")
        assert first != second
        assert len(room.shown()) == 2

    def test_deleted_message_cannot_be_edited(self, messenger: Messenger, room: Room) -> None:
        """The courier tries for ever to edit what somebody deleted."""
        ref = messenger.send(self.post("rb-1/progress", "step 1"), thread="")
        room.delete(ref)
        with pytest.raises(ProviderError) as caught:
            messenger.edit(ref, self.post("rb-1/progress", "step 2"))
        assert not isinstance(caught.value, ProviderUnavailable)
        assert not room.shown()

    def test_plain_text_is_shown_as_it_is(self, messenger: Messenger, room: Room) -> None:
        """A reason somebody wrote notifies the whole channel, or makes a link of its own."""
        words = "<!channel> @room <https://evil.example|the plan> <b>&amp;</b> *bold* `code`"
        messenger.send(Post(key="rb-1/plan", text=words), thread="")
        (shown,) = room.shown()
        assert not shown.calls
        assert shown.text == words

    @pytest.mark.parametrize("trouble", [Trouble.DOWN, Trouble.BUSY])
    def test_what_passes_is_unavailable(
        self, messenger: Messenger, room: Room, trouble: Trouble
    ) -> None:
        """A post is given up for an outage, and nobody is ever shown the plan."""
        ref = messenger.send(self.post("rb-1/plan", "the plan"), thread="")
        room.befall(trouble)
        with pytest.raises(ProviderUnavailable) as sent:
            messenger.send(self.post("rb-1/report", "the report"), thread="")
        with pytest.raises(ProviderUnavailable):
            messenger.edit(ref, self.post("rb-1/plan", "the plan, approved"))
        self._tells_no_secret(sent.value)
        if trouble is Trouble.BUSY:
            assert 1 <= sent.value.after <= 60
        room.mend()
        messenger.send(self.post("rb-1/report", "the report"), thread="")
        assert [each.text for each in room.shown()] == ["the plan", "the report"]

    def test_revoked_token_is_said(self, messenger: Messenger, room: Room) -> None:
        """Nobody learns why nothing arrives; or the token stands in a log."""
        room.befall(Trouble.REVOKED)
        with pytest.raises(ProviderError) as caught:
            messenger.send(self.post("rb-1/plan", "the plan"), thread="")
        assert not isinstance(caught.value, ProviderUnavailable)
        assert caught.value.remedy
        self._tells_no_secret(caught.value)

    def test_place_is_stable_and_no_secret(self, make: Callable[[], Messenger]) -> None:
        """What was delivered is forgotten by the next process, or the place tells a token."""
        place = make().place
        assert place == make().place
        assert place.startswith(f"{make().name}:")
        assert not any(secret in place for secret in self.secrets)

    def _tells_no_secret(self, error: ProviderError) -> None:
        told = f"{error} {error!r} {error.__cause__!r}"
        assert error.where
        assert not any(secret in told for secret in self.secrets)

    def _not_supplied(self, fixture: str) -> pytest.UsageError:
        return pytest.UsageError(f"{type(self).__name__} does not supply {fixture!r}")


class HearsContract(MessengerContract):
    """Promises of ``Hears``; supply also ``talk``, the room with people in it.

    ``answerable`` makes a post that can be answered there; ``ALICE`` and ``BOB`` are two accounts
    of the system.
    """

    ALICE = ""
    BOB = ""
    COMMAND = "smartspec_rollback"

    @pytest.fixture
    def hears(self, messenger: Messenger) -> Hears:
        """Take the Messenger for one that hears."""
        assert isinstance(messenger, Hears)
        return messenger

    @pytest.fixture
    def talk(self) -> Talk:
        """Supply the room with its people."""
        raise self._not_supplied("talk")

    def answerable(self, rollback_id: str) -> Post:
        """Make a plan's post that can be answered."""
        return self.post(f"{rollback_id}/plan", "the plan")

    def test_command_is_heard(self, messenger: Messenger, hears: Hears, talk: Talk) -> None:
        """A responder's command gets lost, or is taken for somebody else's."""
        with listening(hears) as ear:
            talk.type(self.COMMAND, "--failed-deployment-id deploy-12345", account=self.ALICE)
            talk.type(self.COMMAND, "", account=self.BOB)
            first, second = ear.next(), ear.next()
        assert isinstance(first, Commanded)
        assert first.command == self.COMMAND
        assert first.arguments == "--failed-deployment-id deploy-12345"
        assert first.account == self.ALICE
        assert first.room == messenger.place
        assert first.event
        assert isinstance(second, Commanded)
        assert second.arguments == ""
        assert second.account == self.BOB
        assert second.event != first.event

    @pytest.mark.parametrize("answer", list(Answer))
    def test_answer_is_heard(
        self, messenger: Messenger, hears: Hears, talk: Talk, answer: Answer
    ) -> None:
        """An answer is lost, taken for its opposite, or for an answer to another plan."""
        with listening(hears) as ear:
            refs = [
                messenger.send(self.answerable(rollback_id), thread="")
                for rollback_id in ("rb-1", "rb-2")
            ]
            talk.answer(refs[1], answer, account=self.BOB)
            heard = ear.next()
        assert isinstance(heard, Answered)
        assert heard.answer is answer
        assert heard.account == self.BOB
        assert heard.room == messenger.place
        assert heard.ref == refs[1]
        assert heard.rollback_id in {"", "rb-2"}
        assert heard.event

    def test_reply_reaches_who_wrote(self, hears: Hears, talk: Talk) -> None:
        """Who typed a command is never told what became of it."""
        with listening(hears) as ear:
            talk.type(self.COMMAND, "--help", account=self.ALICE)
            handle = ear.next().handle
            hears.reply(handle, self.post("reply", "Use it like this."))
        assert talk.told(self.ALICE)[-1] == "Use it like this."

    def test_own_posts_are_not_heard(self, messenger: Messenger, hears: Hears, talk: Talk) -> None:
        """A post that holds a command commands."""
        with listening(hears) as ear:
            line = f"!{self.COMMAND} --failed-deployment-id deploy-1"
            messenger.send(self.post("rb-1/plan", line), thread="")
            messenger.send(self.post("rb-2/plan", line.replace("!", "/")), thread="")
            talk.type(self.COMMAND, "", account=self.ALICE)
            heard = ear.next()
            assert isinstance(heard, Commanded)
            assert heard.account == self.ALICE
            assert not ear.rest()

    def test_failed_hearing_ends_nothing(self, hears: Hears, talk: Talk) -> None:
        """One event that cannot be written to the ledger makes the bot deaf."""
        with listening(hears) as ear:
            ear.failing.set()
            talk.type(self.COMMAND, "first", account=self.ALICE)
            assert ear.failed.wait(DEADLINE)
            ear.failing.clear()
            talk.type(self.COMMAND, "second", account=self.ALICE)
            heard = {self._arguments(ear.next())}
            while "second" not in heard:
                heard.add(self._arguments(ear.next()))
        assert heard <= {"first", "second"}

    def test_cut_connection_is_made_anew(self, hears: Hears, talk: Talk) -> None:
        """After an outage of the chat system nobody can approve there."""
        with listening(hears) as ear:
            talk.type(self.COMMAND, "before", account=self.ALICE)
            assert self._arguments(ear.next()) == "before"
            talk.cut()
            talk.type(self.COMMAND, "after", account=self.ALICE)
            assert self._arguments(ear.next()) == "after"

    def test_listening_is_stopped(self, hears: Hears) -> None:
        """The server cannot be ended."""
        ear = Listening(hears)
        ear.start()
        assert ear.stop()

    def test_hearing_is_stable_and_no_secret(self, make: Callable[[], Messenger]) -> None:
        """Two of one account listen, and each event counts by chance; or a token is shown."""
        first, second = make(), make()
        assert isinstance(first, Hears)
        assert isinstance(second, Hears)
        assert first.hearing == second.hearing
        assert not any(secret in first.hearing for secret in self.secrets)

    def _arguments(self, heard: Heard) -> str:
        assert isinstance(heard, Commanded)
        return heard.arguments
