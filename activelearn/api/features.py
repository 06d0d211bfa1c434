"""What the models read, and by which representation."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import features
from activelearn.services.features import added, adding, choices, offers, reading
from activelearn.services.features.address import EmbeddingsAddress
from activelearn.services.training import choosing, encoding
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.models import Project, User
from labeling.services.projects import members


class FeaturesView(ProjectView):
    """What the models read."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> features.Features:
        """Return how the next model reads the data, column by column."""
        return features.features_of(reading.reading_of(self.member.project))


class RepresentationsView(ProjectView):
    """The ways in which the items may be read."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER

    @call()
    def get(self) -> features.Representations:
        """Return what there is, what each takes, and what was compared last."""
        return _now(self.member.project)

    @call()
    def put(self, body: features.ChosenBody) -> features.Representations:
        """Read the items by one of them from the next order on.

        Versions that are there go on with their own. Comparisons go on and do not change
        it, until `by_accuracy` lets them choose again.
        """
        user = User.objects.get(pk=self.member.user_id)
        choosing.choose(self.member.project, body.name, user)
        return _now(self.member.project)

    @call(202)
    def post(self, body: features.AddedBody) -> features.Representations:
        """Add an encoder: it sees the items in the background, and then is compared."""
        user = User.objects.get(pk=self.member.user_id)
        adding.add(self.member.project, body.name, user, body.source or "")
        encoding.request(self.member.project)
        return _now(self.member.project)


class EmbeddingsAddressView(ProjectView):
    """An address that makes vectors of texts."""

    allowed: ClassVar = members.MANAGE

    @call(202)
    def post(self, body: features.AddressBody) -> features.Representations:
        """Let an address as OpenAI's make vectors of the texts, which are sent there.

        It is tried first. All texts are sent once, in the background, and new ones as
        they come.
        """
        user = User.objects.get(pk=self.member.user_id)
        place = EmbeddingsAddress(body.url, body.model, body.key or "")
        adding.add_address(self.member.project, place, user)
        encoding.request(self.member.project)
        return _now(self.member.project)

    @call(204)
    def delete(self) -> None:
        """Remove it and forget its key: no text is sent any more."""
        adding.remove(self.member.project, added.ADDRESS)


class AddedRepresentationView(ProjectView):
    """An encoder that somebody has added."""

    allowed: ClassVar = members.ENGINEER

    @call(204)
    def delete(self, name: str) -> None:
        """Remove it: the items are read by it no more.

        One that a version at work reads by is refused.
        """
        adding.remove(self.member.project, name)


def _now(project: Project) -> features.Representations:
    return features.representations_of(
        offers.offers_of(project), choices.newest(project.pk)
    )
