"""Whether old code can work on a new schema: pure, recorded facts in, a Comparison out.

``compare`` is called by the engine. One rule per file in ``rules``, from a ``case`` to findings,
whose codes are in ``codes``; ``fixes`` says what would help. Rules ask ``workload`` who uses what,
``refusals`` which change a server's refusal is about, and ``reading`` what texts say. Nothing here
talks to a database: what must be asked of one is a Question.
"""
