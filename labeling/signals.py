"""Facts that other packages may hear; each is sent after its commit."""

from __future__ import annotations

from django.dispatch import Signal

# project_id
labels_settled = Signal()
# project_id: a vote was given, changed or undone
votes_changed = Signal()
# project_id: items came, went, or changed what they want
items_changed = Signal()
# project_id: the queue is running low
queue_low = Signal()
# job_id, kind, seconds: it waits so long until its series has rested
job_queued = Signal()
