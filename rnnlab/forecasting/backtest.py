"""The forecasts of all methods by all protocols, with what validation says of each method."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from rnnlab.core.params import Model, SeriesEvaluate, SeriesNormalize, Train
from rnnlab.core.progress import track_progress
from rnnlab.forecasting.combination import combine
from rnnlab.forecasting.selection import (
    History,
    Judgement,
    Learned,
    ask_all,
    judge,
    learn_again,
    roll_with_refits,
    scales_of,
)
from rnnlab.networks.storage import Networks
from rnnlab.series.normalization import stored_normalization
from rnnlab.series.origins import FIT_OF, Request, test_requests
from rnnlab.training.members import Recipe
from rnnlab.training.precision import choose_precision


@dataclass(frozen=True)
class Trained:
    """A trained task of series, as evaluate finds it.

    Attributes:
        history: all series.
        tensors: what normalize wrote: where parts end, and the fitted normalizations.
        networks, card: what train wrote.
        settings: block ``evaluate`` of params.yaml.
        processes: how many may fit baselines side by side.
        stood_in: by baseline, for how many series the seasonal naive forecast stood in, at most.
    """

    history: History
    tensors: dict[str, np.ndarray]
    networks: Networks
    card: dict
    settings: SeriesEvaluate
    processes: int
    device: torch.device
    stood_in: Counter[str] = field(default_factory=Counter)

    @property
    def normalize(self) -> SeriesNormalize:
        return SeriesNormalize(**self.card["windows"]["normalized"]["normalize"])

    def learned(self, fit: str, chosen: bool) -> Learned:
        """The networks of ``fit`` and their normalization.

        Args:
            chosen: those that have not seen validation; else those that forecast the test part.
        """
        refitted = self.card["train"]["refit"]
        fitted = f"{fit}.{'refit' if refitted and not chosen else 'normalization'}"
        settings, period = self.normalize.model_dump(), self.history.period
        normalization = stored_normalization(self.tensors, fitted, settings, period)
        networks = self.networks[f"{fit}_chosen" if refitted and chosen else fit]
        return Learned(networks, normalization)

    def ask(
        self, learned: Learned, ends: np.ndarray, requests: list[Request]
    ) -> dict[str, list[np.ndarray]]:
        """Forecasts of all methods, fitted on the first ``ends`` [S] values of each series."""
        card, baselines = self.card["windows"], self.settings.baselines
        return ask_all(
            self.history, learned, card, baselines, self.processes, ends, requests, self.stood_in
        )


@dataclass(frozen=True)
class Forecasts:
    """All forecasts for one protocol.

    Attributes:
        request, truth: from where, and what came, [N, H]; NaN beyond the end of a series.
        by_method: [N, H] each.
        judgement: of the protocol's fit, with the widths of intervals.
        scale: of MASE, [S].
    """

    request: Request
    truth: np.ndarray
    by_method: dict[str, np.ndarray]
    judgement: Judgement
    scale: np.ndarray

    def bounds(self, method: str, level: float) -> tuple[np.ndarray, np.ndarray]:
        widths = self.judgement.widths[method]
        return widths.around(self.by_method[method], self.request.series, level)


def forecast_protocols(trained: Trained) -> dict[str, Forecasts]:
    """Judge all methods on validation, then forecast the test part by each protocol."""
    history, tensors = trained.history, trained.tensors
    cuts = {fit: tensors[f"{fit}.validation"] for fit in trained.card["windows"]["fits"]}
    requests = test_requests(history.offsets, cuts, history.period)
    found = {}
    for fit, cut in cuts.items():
        judgement, scale = judge_fit(trained, fit), scales_of(history, cut)
        mine = {protocol: requests[protocol] for protocol, of in FIT_OF.items() if of == fit}
        for protocol, by_method in answers_of(trained, fit, cut, mine).items():
            truth = requests[protocol].truth(
                history.truth, history.offsets[:-1], history.offsets[1:]
            )
            by_method = {
                "model": by_method["model"],
                "combination": combine(by_method, judgement.weights),
                **by_method,
            }
            found[protocol] = Forecasts(requests[protocol], truth, by_method, judgement, scale)
    return {protocol: found[protocol] for protocol in FIT_OF}


def answers_of(
    trained: Trained, fit: str, cut: np.ndarray, requests: dict[str, Request]
) -> dict[str, dict[str, np.ndarray]]:
    """Forecasts of all methods for each protocol of ``fit``, whose test parts begin at ``cut``."""
    once, refitted = dict(requests), {}
    # where test parts are shorter than a period there are no origins to fit anew at
    if trained.settings.refit_every and "rolling" in once and len(once["rolling"].origin):
        refitted["rolling"] = with_refits(trained, once.pop("rolling"), cut)
    with track_progress(f"test part of {fit}"):
        answers = trained.ask(trained.learned(fit, chosen=False), cut, list(once.values()))
    unrefitted = {
        protocol: {method: forecasts[number] for method, forecasts in answers.items()}
        for number, protocol in enumerate(once)
    }
    return unrefitted | refitted


def judge_fit(trained: Trained, fit: str) -> Judgement:
    """What the validation part of ``fit`` says of the methods, none of which was fitted on it."""
    train, validation = (trained.tensors[f"{fit}.{part}"] for part in ("train", "validation"))
    learned, layout = trained.learned(fit, chosen=True), trained.card["windows"]["layout"]
    return judge(
        trained.history,
        partial(trained.ask, learned, train),
        train,
        validation,
        learned.normalization.first_origin(layout["look_back"]),
        layout["horizon"],
        trained.normalize.method.startswith("log"),
    )


def with_refits(trained: Trained, request: Request, cut: np.ndarray) -> dict[str, np.ndarray]:
    """Rolling forecasts, with all methods fitted anew every ``evaluate.refit_every`` origins."""
    card = trained.card
    model, train = Model(**card["model"]), Train(**card["train"])
    recipe = Recipe(model, train, card["windows"], card["seed"], trained.device)
    recipe = choose_precision(recipe)
    epochs = [member["epoch"] for member in card["fits"]["main"]]

    def ask_at(ends: np.ndarray, requests: list[Request]) -> dict[str, list[np.ndarray]]:
        learned = learn_again(trained.history, ends, recipe, trained.normalize, epochs)
        return trained.ask(learned, ends, requests)

    every = trained.settings.refit_every
    return roll_with_refits(trained.history, request, cut, every, ask_at)
