"""Facts that other packages may hear; each is sent after its commit."""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

# project_id
labels_settled = Signal()
# project_id: other labels are in force
labels_revised = Signal()
# project_id: a vote was given, changed or undone
votes_changed = Signal()
# project_id: items came, went, or changed what they want
items_changed = Signal()
# project_id: other settings are in force of which the learner makes use
policy_changed = Signal()
# project_id: predictions of outside models came or went
predictions_changed = Signal()
# project_id: the queue is running low
queue_low = Signal()
# project_id: messages to programs wait to be sent
outbox_filled = Signal()
# job_id, kind, seconds: it waits so long until its series has rested
job_queued = Signal()


def send_on_commit(signal: Signal, project_id: int) -> None:
    """Send a fact about a project once the current transaction has committed."""
    transaction.on_commit(
        lambda: signal.send_robust(sender=None, project_id=project_id)
    )
