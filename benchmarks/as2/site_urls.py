"""The one door of the peer."""

from __future__ import annotations

from django.urls import path
from pyas2.views import ReceiveAs2Message

urlpatterns = [path("as2", ReceiveAs2Message.as_view())]
