"""Whether old code can work on a new schema: pure, recorded facts in, a Comparison out.

``compare`` is called by the engine. One rule per file in ``rules``; the codes of what they find are
in ``codes``. Nothing here talks to a database: what must be asked of one is a Question.
"""
