"""Sends transcripts and references from an app to werwatch, in the background and at no risk to the app."""

from service.client.asynchronous import AsyncClient
from service.client.buffer import Counts
from service.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Counts"]
