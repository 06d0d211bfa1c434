"""The geometry of slots and ranks.

Slots of an item: votes have 0, 1, … up to the item's ``votes_wanted``; gold questions
and repeats stand far above, so that they never take the place of a vote.

Ranks of a project's queue, lowest first: reviews, by priority and deadline; each generation of the order lies one step
before the earlier one; what a lease queues itself lies behind all orders, further votes
behind first ones.
"""

from __future__ import annotations

from typing import Final

# The slot of an item's first gold question; the next person asked gets the next one.
# There is room for 9,000 people before the repeats begin, and a slot is a smallint: it
# ends at 32,767.
FIRST_QUESTION_SLOT: Final = 1000
FIRST_REPEAT_SLOT: Final = 10_000

# Within one order, ranks lie less than half a step from 0. A rank is a double, exact up
# to 2**53: there is room for 900 million generations.
GENERATION_STEP: Final = 1e7
# The rank of a refilled slot: a step for each slot number, then by the item's id.
# Beyond a billion ids the slots of a refill overlap in rank, which mixes their order
# and harms nothing else.
REFILL_STEP: Final = 1e9
# The most slots that a lease queues when it finds none.
REFILL_SLOTS: Final = 500

# The rank of a review: a step for each priority, within it the deadline in milliseconds.
# Beyond 2**54 doubles are exact to 4: of deadlines so near to each other any may be first.
FIRST_REVIEW: Final = -3e16
REVIEW_STEP: Final = 1e15
# All reviews rank below this, and all generations above it.
REVIEWS_END: Final = -1.9e16
