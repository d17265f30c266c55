"""Probing an endpoint: the plan and its price first, then the experiments, then what they found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from ...arguments import checked_keywords, checked_number
from ...errors import ConnectFailed, MissingKey, ProbeError
from ..embedded import EmbeddedEndpoint
from ..endpoints import Endpoint
from ..named_endpoints import resolve_endpoint
from ..pacing import check_pace
from ..prices import endpoint_prices
from .driver import observe
from .experiments import Experiment, Plan, choose, within
from .judgement import judge
from .kept import keep, model_of, service_of
from .outcome import Outcome
from .report import ProbeReport

MINUTES = (0.01, 60.0)
"""Minutes of sound that a probe may be allowed."""


@checked_keywords
def probe(
    endpoint: str | Endpoint | None = None,
    *,
    yes: bool = False,
    minutes: float = 5.0,
    facts: Iterable[str] | None = None,
    pace: float | None = 1.0,
    remember: bool = True,
    progress: bool = True,
) -> ProbeReport:
    """Measure on an endpoint what is reported of DashScope's service (`Endpoint.facts`).

    Bundled sounds with known ends are sent in a few sessions. The plan with its price is printed first and
    has to be agreed to, unless the sound stays on this machine.

    Parameters
    ----------
    endpoint : Endpoint or str or None
        Where to: ``"beijing"``, ``"singapore"``, a URL; None is the embedded service.
    yes : bool
        Agree to the plan beforehand; else it is asked for.
    minutes : float
        Minutes of sound that are sent at most; experiments beyond that are left out, and named.
    facts : iterable of str or None
        Names of facts to ask for; None: all that disturb nobody, for which 3 minutes suffice.
        ``"upload_limit_kB_s"`` (a burst above the reported limit, 4.8 minutes of silence) and
        ``"idle_close_s"`` (five minutes' wait) are asked for by name alone.
    pace : float or None
        1.0 is real time. At any other pace delays are not identifiable.
    remember : bool
        Keep the report for this user, by host and model, so that `Endpoint.facts` goes by it from now on; of
        the embedded service, whose facts are known, none is kept.
    progress : bool
        Say on stderr which session is under way.

    Returns
    -------
    ProbeReport
        What agrees, what differs, what could not be decided and what was not asked.

    Raises
    ------
    ProbeError
        The plan was not agreed to, or there is nobody to ask; there is no such fact, or no time for any.
    ConnectFailed, MissingKey
        The service could not be reached, refused the connection or wants a key.

    Notes
    -----
    A report holds figures alone: no key, no transcript and nothing that the user said. Ctrl-C ends a probe
    early; what was found until then is reported, and kept beside what an earlier probe found.

    Examples
    --------
    >>> import qwen_asr_widgets as qaw
    >>> report = qaw.probe(qaw.embedded("script"), facts=["takes_items"], pace=None, progress=False)
    A probe of embedded script, qwen3-asr-flash-realtime: 1 session
      conversation item    2.0 s  whether an item is taken
    Bundled sound: 0.0 minutes; in real time 0.7 minutes at most.
    Price: nothing, the sound stays on this machine.
    Kept of it are figures; no transcript and no key.
    >>> report["takes_items"].verdict, report["update_midway"].verdict
    ('agrees', 'not asked')
    """
    where, pace = resolve_endpoint(endpoint), check_pace(pace)
    plan = make_plan(where, minutes, facts)
    agree(plan, yes)
    begun = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
    seen = _outcomes(where, plan, pace, _teller(progress))
    report = ProbeReport(
        service_of(where.url), model_of(where.url, where.model), begun, judge(seen),
        sum(each.experiment.seconds for each in seen), pace, _version(),
    )
    if remember and not isinstance(where, EmbeddedEndpoint):
        keep(report)
    return report


def make_plan(endpoint: Endpoint, minutes: float = 5.0, facts: Iterable[str] | None = None) -> Plan:
    """Return what a probe of an endpoint would do.

    Raises
    ------
    ProbeError
        There is no such fact, or no experiment fits into the minutes.
    SettingError
        ``minutes`` is no number in `MINUTES`.

    Examples
    --------
    >>> from qwen_asr_widgets import dashscope
    >>> plan = make_plan(dashscope("beijing"))
    >>> len(plan.experiments), round(plan.seconds / 60, 1)
    (8, 3.0)
    >>> print(plan.price)
    Price, an estimate from what was listed; it may have changed:
      about 0.0586 CNY at 0.00033 CNY/s as listed [doc: DashScope price page, Chinese; read on 2026-11-22]
      about 0.0083 USD at 0.000047 USD/s as listed [doc: DashScope price page, English; read on 2026-11-22]
    """
    minutes = checked_number("minutes", minutes, *MINUTES)
    experiments, left_out = within(choose(facts), minutes)
    where = f"{endpoint.name}, {model_of(endpoint.url, endpoint.model)}"
    return Plan(
        where, experiments, left_out, minutes, endpoint_prices(endpoint), leaves=not endpoint.is_loopback
    )


def agree(plan: Plan, yes: bool) -> None:
    """Print a plan, and raise `ProbeError` unless it is agreed to."""
    print(plan, flush=True)
    if yes or not plan.leaves:
        return
    if not _somebody_is_there():
        raise ProbeError(
            "The plan must be agreed to and nobody can be asked: pass yes=True (in a terminal, --yes)."
        )
    if input("Send this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise ProbeError("The plan was not agreed to; nothing was sent.")


def _somebody_is_there() -> bool:
    """Tell whether a question can be answered: a terminal, or a notebook's input field."""
    kernel = sys.modules.get("ipykernel.kernelapp")
    in_notebook = kernel is not None and kernel.IPKernelApp.initialized()
    return in_notebook or bool(sys.stdin and sys.stdin.isatty())


def _outcomes(
    endpoint: Endpoint, plan: Plan, pace: float | None, tell: Callable[[str], None]
) -> list[Outcome]:
    """Make the experiments of a plan; Ctrl-C leaves out those that are not done yet."""
    seen: list[Outcome] = []
    for number, experiment in enumerate(plan.experiments, 1):
        tell(f"{number}/{len(plan.experiments)} {experiment.name} …")
        try:
            seen.append(_observe(endpoint, experiment, pace, is_first=number == 1))
        except KeyboardInterrupt:
            if not seen:
                raise
            tell("Interrupted: the rest is not asked.")
            break
    return seen


def _observe(endpoint: Endpoint, experiment: Experiment, pace: float | None, is_first: bool) -> Outcome:
    """Make an experiment; a connection that fails once others have succeeded brings that one to nothing."""
    try:
        return observe(endpoint, experiment, pace)
    except (ConnectFailed, MissingKey):
        if is_first:
            raise
        return Outcome(experiment, (), pace=pace, problem="the connection failed.")


def _teller(progress: bool) -> Callable[[str], None]:
    return (lambda text: print(text, file=sys.stderr, flush=True)) if progress else (lambda text: None)


def _version() -> str:
    from ... import __version__

    return __version__
