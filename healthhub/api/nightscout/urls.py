"""Every address under `/nightscout/<patient>/`: what its client is given is that, and what follows is Nightscout's own."""

from django.urls import URLPattern, path, re_path

from healthhub.api.nightscout import acknowledging, v1, v2, v3

FORM = r"(?:\.(?P<form>json|csv|tsv|txt))?/?"
JSON = r"(?:\.(?P<form>json))?/?"
PATIENT = r"^(?P<slug>[^/]+)"
CLASSIC = rf"{PATIENT}/api/v[12]"
SPEC = r"(?P<spec>[^/.]+)"

urlpatterns: list[URLPattern] = [
    re_path(rf"{PATIENT}/api/versions/?$", v1.versions, name="ns-versions"),
    re_path(rf"{PATIENT}/pebble/?$", v1.Pebble.as_view(), name="ns-pebble"),
    re_path(rf"{CLASSIC}/status(?:\.(?P<form>json|txt|js))?/?$", v1.Status.as_view(), name="ns-status"),
    re_path(rf"{CLASSIC}/verifyauth/?$", v1.VerifyAuth.as_view(), name="ns-verifyauth"),
    re_path(rf"{CLASSIC}/notifications/ack/?$", acknowledging.Acknowledge.as_view(), name="ns-ack"),
    re_path(rf"{CLASSIC}/adminnotifies/?$", v1.Notifies.as_view(), name="ns-adminnotifies"),
    re_path(rf"{CLASSIC}/entries{FORM}$", v1.Entries.as_view(), name="ns-entries"),
    re_path(rf"{CLASSIC}/entries/{SPEC}{FORM}$", v1.EntriesOf.as_view(), name="ns-entries-of"),
    re_path(rf"{CLASSIC}/treatments{JSON}$", v1.Documents.as_view(collection="treatments"), name="ns-treatments"),
    re_path(rf"{CLASSIC}/devicestatus{JSON}$", v1.Documents.as_view(collection="devicestatus"), name="ns-devicestatus"),
    re_path(rf"{CLASSIC}/(?P<collection>food|activity){JSON}$", v1.Elsewhere.as_view(), name="ns-food"),
    re_path(rf"{CLASSIC}/(?P<collection>treatments|devicestatus)/{SPEC}(?:\.json)?/?$", v1.OneDocument.as_view(), name="ns-one"),
    re_path(rf"{CLASSIC}/profiles?{JSON}$", v1.Profile.as_view(), name="ns-profile"),
    re_path(rf"{CLASSIC}/profile/current{JSON}$", v1.CurrentProfile.as_view(), name="ns-profile-current"),
    re_path(rf"{CLASSIC}/times/(?P<rest>.*)$", v1.Times.as_view(), name="ns-times"),
    re_path(rf"{CLASSIC}/slice/(?P<collection>\w+)/(?P<field>\w+)/(?P<rest>.*)$", v1.Times.as_view(), name="ns-slice"),
    re_path(rf"{CLASSIC}/count/(?P<collection>entries|treatments|devicestatus)/where/?$", v1.Count.as_view(), name="ns-count"),
    re_path(rf"{PATIENT}/api/v2/authorization/request/(?P<secret>[^/]+)/?$", v2.Bearer.as_view(), name="ns-bearer"),
    re_path(rf"{PATIENT}/api/v2/properties(?:/(?P<names>[\w,]+))?/?$", v2.Properties.as_view(), name="ns-properties"),
    re_path(rf"{PATIENT}/api/v2/ddata/at(?:/(?P<at>[^/]+))?/?$", v2.Everything.as_view(), name="ns-ddata"),
    re_path(rf"{PATIENT}/api/v2/summary/?$", v2.Summary.as_view(), name="ns-summary"),
    path("<slug>/api/v3/version", v3.version, name="ns3-version"),
    path("<slug>/api/v3/status", v3.Status.as_view(), name="ns3-status"),
    path("<slug>/api/v3/lastModified", v3.LastModified.as_view(), name="ns3-last-modified"),
    path("<slug>/api/v3/<col>", v3.Collection.as_view(), name="ns3-collection"),
    path("<slug>/api/v3/<col>/history", v3.History.as_view(), name="ns3-history"),
    path("<slug>/api/v3/<col>/history/<since>", v3.History.as_view(), name="ns3-history"),
    path("<slug>/api/v3/<col>/<identifier>", v3.One.as_view(), name="ns3-document"),
]
