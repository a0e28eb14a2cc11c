"""What I was told, how I want to be told, and when not."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, body_of, id_in_path, query_of
from healthhub.audit import log
from healthhub.people import access
from notifications import channels, deliver, inbox, quiet, vapid
from notifications.models import Attempt, Channel, Notice, QuietHours

LONGEST_NUMBER = 2**63 - 1


class TextSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True)


class NoticeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The same at every delivery: show each id once.")
    seq = serializers.IntegerField(help_text="Your own numbering; grows, with gaps.")
    about = serializers.CharField(help_text="What it is about, such as `alert:<id>`.")
    reason = serializers.CharField()
    severity = serializers.ChoiceField(["red", "urgent", "amber", "watch", "info"])
    patient = serializers.UUIDField(allow_null=True)
    texts = serializers.DictField(child=TextSerializer(), help_text="By language: zh-hans, en.")
    state = serializers.ChoiceField(Notice.State.choices)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="When the next channel is tried; null when nothing more is.")
    delivered_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField(allow_null=True)


class NoticesSerializer(serializers.Serializer[Any]):
    notices = NoticeSerializer(many=True)
    upto = serializers.IntegerField(help_text="Send it as `after` for what comes next.")
    more = serializers.BooleanField(help_text="There are more already.")


class NoticesQuerySerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=LONGEST_NUMBER, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=inbox.MOST, default=100)


class AttemptSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    transport = serializers.CharField(help_text="live (an open page), email, web_push, webhook, apprise")
    outcome = serializers.ChoiceField(Attempt.Outcome.choices)
    detail = serializers.CharField(allow_blank=True, help_text="What the other side said.")
    took_ms = serializers.IntegerField()


class AttemptsSerializer(serializers.Serializer[Any]):
    attempts = AttemptSerializer(many=True)


class ReplaySerializer(serializers.Serializer[Any]):
    notice = serializers.UUIDField()


class KeysSerializer(serializers.Serializer[Any]):
    p256dh = serializers.CharField(max_length=120)
    auth = serializers.CharField(max_length=120)


class SubscriptionSerializer(serializers.Serializer[Any]):
    endpoint = serializers.CharField(max_length=2000)
    keys = KeysSerializer()


class NewChannelSerializer(serializers.Serializer[Any]):
    transport = serializers.ChoiceField(Channel.Transport.choices)
    url = serializers.CharField(required=False, max_length=2000, help_text="webhook: https://...; apprise: service://...")
    subscription = SubscriptionSerializer(required=False, help_text="web_push: what `pushManager.subscribe` gave.")
    details = serializers.BooleanField(
        default=False, help_text="email, apprise: say what it is about; otherwise only that something waits, since others may read it."
    )


class ChannelSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    transport = serializers.ChoiceField(Channel.Transport.choices)
    rank = serializers.IntegerField(help_text="Tried in this order.")
    leads_to = serializers.CharField(help_text="The host or service, for you to know it by.")
    details = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_because = serializers.CharField(allow_blank=True)


class AddedSerializer(ChannelSerializer):
    secret = serializers.CharField(allow_null=True, help_text="webhook: signs what we send; shown now and never again.")


class ChannelsSerializer(serializers.Serializer[Any]):
    channels = ChannelSerializer(many=True)
    web_push_key = serializers.CharField(help_text="`applicationServerKey` for `pushManager.subscribe`.")


class HoursSerializer(serializers.Serializer[Any]):
    start = serializers.TimeField(allow_null=True, format="%H:%M", help_text="By the clock where you are.")
    end = serializers.TimeField(allow_null=True, format="%H:%M", help_text="Before `start`: over midnight. null and null: none.")


class Notices(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="What I was told", parameters=[NoticesQuerySerializer], responses=answers(NoticesSerializer, 400))
    def get(self, request: Asked) -> Response:
        now, asked = timezone.now(), query_of(request, NoticesQuerySerializer)
        page = inbox.since(person=request.viewer.person, after=asked["after"], limit=asked["limit"], now=now)
        subjects = {notice.patient_id for notice in page.notices if notice.patient_id is not None}
        log.record_reads(by=request.viewer, did="notice.list", patient_ids=sorted(subjects), now=now)
        return Response({"notices": [_notice(notice) for notice in page.notices], "upto": page.upto, "more": page.more})


class Seen(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(
        summary="I saw it",
        parameters=[id_in_path("notice_id", "The notice.")],
        request=None,
        responses=answers(NoticeSerializer, 404),
    )
    def post(self, request: Asked, notice_id: str) -> Response:
        notice = inbox.seen(person=request.viewer.person, notice_id=access.parsed_id(notice_id), now=timezone.now())
        return Response(_notice(notice))


class Attempts(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(
        summary="How we tried to reach you with it",
        parameters=[id_in_path("notice_id", "The notice.")],
        responses=answers(AttemptsSerializer, 404),
    )
    def get(self, request: Asked, notice_id: str) -> Response:
        tried = inbox.attempts(person=request.viewer.person, notice_id=access.parsed_id(notice_id), now=timezone.now())
        return Response({"attempts": [_attempt(attempt) for attempt in tried]})


class Channels(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="How I am told", responses=answers(ChannelsSerializer))
    def get(self, request: Asked) -> Response:
        mine = channels.of(person=request.viewer.person)
        return Response({"channels": [_channel(channel) for channel in mine], "web_push_key": vapid.public_key()})

    @extend_schema(
        summary="Tell me this way too", request=NewChannelSerializer, responses=answers(AddedSerializer, 400, 409, 413, 415, status=201)
    )
    def post(self, request: Asked) -> Response:
        given = body_of(request, NewChannelSerializer)
        added = channels.add(
            person=request.viewer.person, transport=given.pop("transport"), given=given, by=request.viewer, now=timezone.now()
        )
        return Response({**_channel(added.channel), "secret": added.secret}, status=201, headers={"Cache-Control": "no-store"})


class OneChannel(APIView):
    viewer_kinds = USERS
    does = "read"
    responses: ClassVar = {204: None, **{code: answer for code, answer in answers(None, 404).items() if code != 200}}

    @extend_schema(
        summary="Tell me this way no more", parameters=[id_in_path("channel_id", "The channel.")], request=None, responses=responses
    )
    def delete(self, request: Asked, channel_id: str) -> Response:
        channels.remove(person=request.viewer.person, channel_id=access.parsed_id(channel_id), by=request.viewer, now=timezone.now())
        return Response(status=204)


class Secret(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(
        summary="A new secret for my webhook",
        parameters=[id_in_path("channel_id", "The channel.")],
        request=None,
        responses=answers(AddedSerializer, 404),
    )
    def post(self, request: Asked, channel_id: str) -> Response:
        """The former secret signs beside it for a day."""
        changed = channels.change_secret(
            person=request.viewer.person, channel_id=access.parsed_id(channel_id), by=request.viewer, now=timezone.now()
        )
        return Response({**_channel(changed.channel), "secret": changed.secret}, headers={"Cache-Control": "no-store"})


class Replay(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(
        summary="Send me this notice by my webhook once more",
        parameters=[id_in_path("channel_id", "The channel.")],
        request=ReplaySerializer,
        responses=answers(AttemptSerializer, 400, 404, 413, 415),
    )
    def post(self, request: Asked, channel_id: str) -> Response:
        """With the same id; how the gateway answered is told, and stands among the attempts."""
        notice_id = body_of(request, ReplaySerializer)["notice"]
        tried = deliver.replay(
            person=request.viewer.person, notice_id=notice_id, channel_id=access.parsed_id(channel_id), now=timezone.now()
        )
        return Response(_attempt(tried))


class Quiet(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="When I do not want to be disturbed", responses=answers(HoursSerializer))
    def get(self, request: Asked) -> Response:
        return Response(_hours(quiet.hours_of(person=request.viewer.person)))

    @extend_schema(summary="Set my quiet hours", request=HoursSerializer, responses=answers(HoursSerializer, 400, 413, 415))
    def put(self, request: Asked) -> Response:
        given = body_of(request, HoursSerializer)
        return Response(_hours(quiet.set_hours(person=request.viewer.person, start=given["start"], end=given["end"], now=timezone.now())))


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "seq": notice.seq,
        "about": notice.about,
        "reason": notice.reason,
        "severity": notice.severity,
        "patient": notice.patient_id,
        "texts": notice.texts,
        "state": notice.state,
        "created_at": notice.created_at,
        "due_at": notice.due_at,
        "delivered_at": notice.delivered_at,
        "seen_at": notice.seen_at,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": attempt.at,
        "transport": attempt.transport,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
        "took_ms": attempt.took_ms,
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "transport": channel.transport,
        "rank": channel.rank,
        "leads_to": channels.leads_to(channel),
        "details": bool(channel.address.get("details", channel.transport in (Channel.Transport.WEBHOOK, Channel.Transport.WEB_PUSH))),
        "created_at": channel.created_at,
        "disabled_at": channel.disabled_at,
        "disabled_because": channel.disabled_because,
    }


def _hours(hours: QuietHours | None) -> dict[str, Any]:
    return {"start": hours.start.strftime("%H:%M") if hours else None, "end": hours.end.strftime("%H:%M") if hours else None}
