"""Lines of COPY come into the database as what they were."""

from __future__ import annotations

from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from labeling.sql import copying

# What a row may hold: no NUL and no half of a pair, which an import refuses.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
ODD = st.sampled_from(["", "\\N", "\\.", "\\", "\t", "\n", "\r\n", '"', "{}", "NULL"])


class CopyingTests(TestCase):
    """A class, for a property with a database runs each example in a savepoint."""

    @given(TEXTS | ODD, st.lists(TEXTS | ODD, max_size=4), st.binary(max_size=9))
    def test_a_line_is_read_as_what_it_was(
        self, text: str, texts: list[str], data: bytes
    ) -> None:
        """Each kind of value, beside a null."""
        cells = (copying.text(text), copying.texts(texts), copying.binary(data))
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE lines (a text, b text[], c bytea, d text)"
                " ON COMMIT DROP"
            )
            with cursor.copy("COPY lines FROM STDIN") as sink:
                sink.write("\t".join([*cells, copying.NULL]) + "\n")
            cursor.execute("SELECT a, b, c, d FROM lines")
            a, b, c, d = cursor.fetchone()
            cursor.execute("DROP TABLE lines")

        assert (a, b, bytes(c), d) == (text, texts, data, None)
