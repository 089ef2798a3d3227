"""A configuration that has changed, taken over by the running service as far as it can be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.config import Config
from service.delivery.worker import DeliveryWorker
from service.errors import WerwatchError
from service.pipeline import Pipeline
from service.receivers.kinds import endpoints
from service.settings.admission import Admission
from service.settings.config_file import load_config
from service.settings.named_files import contents, must_be_usable
from service.watching.settings_record import CONFIGURATION

WHOLE = ("receivers", "links", "delivery", "alerts")
"""Sections that are taken over whole."""
THRESHOLDS = (
    "false_alarms_per_month",
    "smallest_change_points",
    "tolerated_gap_points",
    "reference_lag",
    "detector",
)
"""Of ``detection``; what feeds the monitor is decided while a reference is taken, and stays."""

logger = logging.getLogger("werwatch")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What has changed, by its keys: what holds now, and what will after a restart."""

    changed: list[str]
    needs_restart: list[str]


class Reloading:
    """Reads the configuration file again; one that cannot be used leaves everything as it is.

    All receivers are reached anew, so that a changed secret holds, and a disabled one is enabled. With other
    thresholds the monitor reads its history again, as it does at a start.

    Attributes
    ----------
    admission
        What is changed for those who ask next.
    """

    def __init__(
        self, config_file: Path | None, pipeline: Pipeline, worker: DeliveryWorker, admission: Admission
    ) -> None:
        self._config_file = config_file
        self._pipeline = pipeline
        self._worker = worker
        self.admission = admission
        self._turn = asyncio.Lock()
        self._held = contents(pipeline.config)

    async def reload(self, author: str = CONFIGURATION) -> Reloaded:
        """Take over what can be; what cannot is named. Changed settings of the monitor stay on record.

        Raises
        ------
        ConfigError, StartError
            With a line for every fault of the file, or of what it names; also if it sets nothing.
        StoreUnavailable
            If the service is stopping, or the store cannot be written.
        """
        async with self._turn:
            wanted = await asyncio.to_thread(load_config, self._config_file, may_be_empty=False)
            await asyncio.to_thread(must_be_usable, wanted)
            made = await asyncio.to_thread(endpoints, wanted)
            held = await asyncio.to_thread(contents, wanted)
            admission = await asyncio.to_thread(Admission.of, wanted)
            taken = self.admission.keys_taken(admission)
            before, config = self._pipeline.config, _merged(self._pipeline.config, wanted, (*WHOLE, *taken))
            await self._pipeline.reconfigure(config, author)
            await self._worker.replace(made)
            self.admission.become(admission)
            others = [key for key, digest in held.items() if digest != self._held.get(key)]
            self._held |= {key: digest for key, digest in held.items() if key in taken}
        changed = _differences(before, config) + [key for key in others if key in taken]
        waiting = _differences(config, wanted) + [key for key in others if key not in taken]
        reloaded = Reloaded(*(list(dict.fromkeys(keys)) for keys in (changed, waiting)))
        told = (", ".join(keys) or "nothing" for keys in (reloaded.changed, reloaded.needs_restart))
        logger.warning("the configuration was read again; changed: %s; after a restart: %s", *told)
        return reloaded

    async def reload_or_say(self) -> None:
        """As `reload`; what is wrong is logged."""
        try:
            await self.reload()
        except (WerwatchError, OSError, RuntimeError) as error:
            logger.error("the configuration stays as it was: %s", error)


def _merged(running: Config, wanted: Config, whole: Sequence[str]) -> Config:
    thresholds = {key: getattr(wanted.detection, key) for key in THRESHOLDS}
    changes = {key: getattr(wanted, key) for key in whole}
    return running.model_copy(
        update={**changes, "detection": running.detection.model_copy(update=thresholds)}
    )


def _differences(one: Config, other: Config) -> list[str]:
    found = []
    for key in Config.model_fields:
        if key == "detection":
            names = type(one.detection).model_fields
            one_, other_ = one.detection, other.detection
            found += [f"{key}.{name}" for name in names if getattr(one_, name) != getattr(other_, name)]
        elif getattr(one, key) != getattr(other, key):
            found.append(key)
    return found
