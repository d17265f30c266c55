"""``qwen-asr-widgets probe``: measure on an endpoint what is reported of DashScope's service."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .arguments import add_endpoint_arguments, add_out_argument, read_endpoint, read_outputs

OUTPUTS = (".json",)


def add_parser(commands: Any) -> None:
    """Add the subcommand to the command line's parser."""
    command = commands.add_parser(
        "probe", help="measure how a service behaves beyond its documentation",
        description="Show a plan with its price; once that is agreed to, send bundled sounds to the service "
                    "and say of each fact that is reported of DashScope whether it agrees. What was measured "
                    "is kept for this user and used from then on.",
    )
    add_endpoint_arguments(command)
    command.add_argument("--yes", action="store_true", help="agree to the plan beforehand")
    command.add_argument("--minutes", type=float, default=5.0, metavar="N",
                         help="minutes of sound to send at most (5)")
    command.add_argument("--fact", action="append", dest="facts", metavar="NAME",
                         help="ask for this fact alone; may be repeated. upload_limit_kB_s and idle_close_s "
                              "are asked for in no other way")
    command.add_argument("--forget", action="store_true", help="do not keep what was measured")
    command.add_argument("--use", metavar="FILE",
                         help="probe nothing: use the report that somebody else measured and sent")
    add_out_argument(command, "report", ".json")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Probe, or read a report that was sent, and print what it says."""
    from ..client.probe.kept import keep
    from ..client.probe.probe import probe
    from ..client.probe.report import ProbeReport

    outputs = read_outputs(arguments, OUTPUTS)
    if arguments.use is not None:
        report = ProbeReport.load(arguments.use)
        print(report)
        print(f"Kept in {keep(report)}", file=sys.stderr)
        return 0
    report = probe(
        read_endpoint(arguments), yes=arguments.yes, minutes=arguments.minutes, facts=arguments.facts,
        remember=not arguments.forget,
    )
    print(report)
    for path in outputs:
        report.save(path)
        print(f"Wrote {path}", file=sys.stderr)
    return 0
