"""The receivers of a configuration, each with a way to reach its server."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from service.config import Config
from service.receivers.alertmanager import Alertmanager
from service.receivers.attempt import Receiver
from service.receivers.connection import client_for
from service.receivers.pagerduty import PagerDuty
from service.receivers.slack import Slack
from service.receivers.teams import Teams
from service.receivers.webhook import Webhook
from service.settings.receivers import (
    AlertmanagerReceiver,
    AnyReceiver,
    DeliverySettings,
    Links,
    PagerDutyReceiver,
    SlackReceiver,
    WebhookReceiver,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver and the client by which it is reached, which shares nothing with any other."""

    receiver: Receiver
    client: httpx.AsyncClient


def endpoints(config: Config) -> dict[str, Endpoint]:
    """Every configured receiver by its name.

    Raises
    ------
    ConfigError
        If a secret or a certificate cannot be used, or a URL is not permitted.
    """
    if not config.receivers:
        return {}
    # To read all authorities takes time and memory once for each.
    usual = httpx.create_ssl_context()
    return {
        settings.name: Endpoint(
            receiver_for(settings, config.delivery, config.links), client_for(settings, usual)
        )
        for settings in config.receivers
    }


def receiver_for(settings: AnyReceiver, delivery: DeliverySettings, links: Links) -> Receiver:
    """The receiver that such settings describe."""
    match settings:
        case WebhookReceiver():
            return Webhook(settings, delivery, links)
        case AlertmanagerReceiver():
            return Alertmanager(settings, delivery, links)
        case PagerDutyReceiver():
            return PagerDuty(settings, delivery, links)
        case SlackReceiver():
            return Slack(settings, delivery, links)
        case _:
            return Teams(settings, delivery, links)
