from django.db import migrations


class Migration(migrations.Migration):
    """A table that is not logged: a ring is written without a wait for the disk, and a
    crash of the server empties it. Each ring is repeated by a sweep."""

    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE IF NOT EXISTS config_doorbell (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                queue text NOT NULL,
                message text NOT NULL
            );
            CREATE INDEX IF NOT EXISTS config_doorbell_queue
                ON config_doorbell (queue, id);
            """,
            "DROP TABLE config_doorbell",
        )
    ]
