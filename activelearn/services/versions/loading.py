"""The file of a version: read, checked, and put into the words of today."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from cachetools import LRUCache, cached

from activelearn.core import artifact, translation
from activelearn.core import features as core_features
from activelearn.core.features import Spec, UnknownSpecError
from activelearn.core.training import LinearModel
from activelearn.core.translation import NoLabelLeftError, TranslatedModel
from activelearn.models import ModelVersion
from activelearn.services.features import files, in_force, store
from labeling.errors import ConflictError, DamagedFileError
from labeling.messages import message
from labeling.models import Project
from labeling.services.votes import relabel

# Bytes of models that a process keeps: some forty of 77 labels and 3,000 texts each.
ROOM: Final = 256 * 2**20


def load(model: ModelVersion) -> tuple[TranslatedModel, Spec]:
    """Return the model, and the specification of the features that it reads.

    The model predicts in the labels of today, whatever they were called in its time.

    Raises DamagedFileError where its bytes are not those that were saved, or gone;
    NotFoundError where the project has been deleted, and ConflictError where its features
    are not those that the version names, this program cannot compute them, or none of
    its labels is left.
    """
    loaded, spec = _read(model)
    return _in_words_of_today(model, loaded), spec


def load_kept(model: ModelVersion) -> tuple[TranslatedModel, Spec]:
    """Return the same from this process's memory, where it has been here before.

    What was verified when it was read stays as it was, whatever happens to the file.
    Raises what ``load`` raises.
    """
    loaded, spec = _kept(model)
    return _in_words_of_today(model, loaded), spec


def slow_spec_of(version: ModelVersion) -> Spec | None:
    """Return what a version reads the items by, where a slow encoder is part of that.

    Also where nobody reads them so any more: its encoder may have been removed since. None
    where its file cannot be read, too: whoever loads it is told.
    """
    project = version.project
    if project.data_type == Project.DataType.TABLE:
        return None
    known = in_force.known_of(project).get(version.spec_hash)
    try:
        # Of what travels along or has been added no file has to be read.
        spec = known or _kept(version)[1]
    except ConflictError:
        return None
    return in_force.filed(spec) if in_force.is_slow(spec) else None


def reads_unseen(version: ModelVersion) -> bool:
    """Whether rows for a version would have everybody wait for its encoder."""
    spec = slow_spec_of(version)
    return spec is not None and in_force.reads_unseen(version.project, spec)


def _read(model: ModelVersion) -> tuple[LinearModel, Spec]:
    try:
        data = files.read("models", model.sha256)
        loaded, spec = artifact.load(data, model.sha256)
    except (OSError, artifact.DamagedError) as error:
        raise DamagedFileError(
            message(
                "The file of version %(number)s is damaged or gone. Bring it back from a backup, train a new version, or promote another one.",
                number=model.number,
            )
        ) from error
    try:
        # A file of another release can name columns that these features do not have.
        is_wide_enough = loaded.columns.max(initial=-1) < core_features.width(spec)
    except UnknownSpecError as error:
        raise ConflictError(
            message(
                "Version %(number)s reads features that this program does not compute (%(spec)s). Train a new version, or promote another one.",
                number=model.number,
                spec=str(error),
            )
        ) from error
    if not is_wide_enough or store.hash_of(spec) != model.spec_hash:
        raise ConflictError(
            message(
                "The file of version %(number)s names other features than the version does. Train a new version, or promote another one.",
                number=model.number,
            )
        )
    return loaded, spec


def _size(kept: tuple[LinearModel, Spec]) -> int:
    model, _spec = kept
    return model.weights.nbytes + model.bias.nbytes + model.columns.nbytes


# Named by content: another file has another name.
_kept = cached(
    LRUCache[Any, Any](ROOM, getsizeof=_size),
    key=lambda model: (model.sha256, model.spec_hash),
    lock=Lock(),
)(_read)


def _in_words_of_today(version: ModelVersion, model: LinearModel) -> TranslatedModel:
    words = relabel.words_since(version.label_set_id)
    try:
        return translation.translated(model, words.moves, words.today)
    except NoLabelLeftError as error:
        raise ConflictError(
            message(
                "None of the labels that version %(number)s knows is left. Train a new version, or promote another one.",
                number=version.number,
            )
        ) from error
