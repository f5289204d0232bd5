"""Judging the judge: real histories and executed reversals, outside `make test`."""
