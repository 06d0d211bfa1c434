"""Projects, members and the items of a project."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import Model
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling import queries
from labeling.api.http import shapes
from labeling.api.http.pagination import CursorPagination
from labeling.api.http.scope import ProjectView
from labeling.models import Project, User
from labeling.models.setting import settings_of
from labeling.services.projects import creation, label_sets, members, policy, removal


class LabelSerializer(serializers.Serializer[Any]):
    """A label as it is asked for."""

    name = serializers.CharField(max_length=120)
    hotkey = serializers.RegexField(r"^[0-9A-Za-z]?$", required=False, default="")
    color = serializers.RegexField(
        r"^(#[0-9A-Fa-f]{6})?$", required=False, default="", max_length=7
    )
    description = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=5000
    )


class PolicySerializer(serializers.Serializer[Any]):
    """The settings of a project; all may be left out."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields of the project's own, and those of all parts."""
        fields = super().get_fields()
        for part in policy.parts():
            fields |= _fields_of(part)
        return fields


def _fields_of(part: type[Model]) -> dict[str, Any]:
    class Fields(serializers.ModelSerializer[Any]):
        class Meta:
            model = part
            fields: ClassVar = [setting.name for setting in settings_of(part)]

    return Fields().get_fields()


class ProjectSerializer(PolicySerializer):
    """A project as it is asked for."""

    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=60, required=False)
    data_type = serializers.ChoiceField(Project.DataType.choices)
    task_type = serializers.ChoiceField(Project.TaskType.choices, required=False)
    labels = LabelSerializer(many=True)
    guidelines = serializers.CharField(
        required=False, allow_blank=True, max_length=200_000
    )


def project_shape(project: Project) -> dict[str, Any]:
    """Return a project with its labels, policy and counts."""
    labels = project.label_set.labels.all() if project.label_set else []
    return {
        "slug": project.slug,
        "name": project.name,
        "data_type": project.data_type,
        "task_type": project.task_type,
        "labels": [
            {
                "name": label.name,
                "hotkey": label.hotkey,
                "color": label.color,
                "description": label.description,
            }
            for label in labels
        ],
        "label_set_version": project.label_set.version if project.label_set else None,
        "guidelines": project.guideline.text if project.guideline else "",
        "guideline_version": project.guideline.version if project.guideline else None,
        **policy.values_of(project),
        "counts": asdict(queries.progress(project)),
    }


def _full(project: Project) -> Project:
    parts = policy.related()
    rows = Project.objects.select_related("label_set", "guideline", *parts)
    return rows.get(pk=project.pk)


@extend_schema(request=ProjectSerializer, responses=dict[str, Any])
class ProjectsView(APIView):
    """The person's projects, and a new one."""

    @extend_schema(operation_id="projects_list")
    def get(self, request: Request) -> Response:
        """List one's projects, newest first."""
        mine = Project.objects.filter(memberships__user_id=request.user.pk or 0)
        pages = CursorPagination()
        page = pages.paginate_queryset(mine, request, view=self) or []
        rows = [
            {
                "slug": one.slug,
                "name": one.name,
                "data_type": one.data_type,
                "task_type": one.task_type,
            }
            for one in page
        ]
        return pages.get_paginated_response(rows)

    def post(self, request: Request) -> Response:
        """Create a project; its creator is its manager."""
        body = ProjectSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        draft = creation.ProjectDraft(
            name=values.pop("name"),
            slug=values.pop("slug", ""),
            data_type=values.pop("data_type"),
            task_type=values.pop("task_type", "single"),
            labels=[label_sets.LabelDraft(**one) for one in values.pop("labels")],
            guidelines=values.pop("guidelines", ""),
            policy=values,
        )
        user = User.objects.get(pk=request.user.pk or 0)
        return Response(project_shape(creation.create(user, draft)), status=201)


@extend_schema(request=PolicySerializer, responses=dict[str, Any])
class ProjectDetailView(ProjectView):
    """One project and its counts."""

    allowed_to_write: ClassVar = members.MANAGE

    def get(self, request: Request, slug: str) -> Response:
        """Return the project."""
        del request, slug
        return Response(project_shape(_full(self.member.project)))

    def patch(self, request: Request, slug: str) -> Response:
        """Change name or policy."""
        del slug
        shapes.refuse_others(request.data, {"name", *policy.settings()})
        body = PolicySerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        if "name" in request.data:
            changes["name"] = shapes.text_in(
                shapes.body_of(request.data), "name", most=120
            )
        policy.change(self.member.project, changes)
        return Response(project_shape(_full(self.member.project)))

    @extend_schema(
        parameters=[OpenApiParameter("confirm", required=True)], responses={202: None}
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Delete the project and all that is in it; ``confirm`` is its short name."""
        del slug
        removal.request_project_deletion(
            self.member, request.query_params.get("confirm", "")
        )
        return Response(status=202)
