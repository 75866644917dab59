"""Adaptation: updates of the trainer of `adapt` beside bare torch loops over the same text."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from spacy_biore.adaptation.masked_lm import MaskedLoss, load_to_train
from spacy_biore.adaptation.prepare import START, prepare
from spacy_biore.adaptation.run import make_arguments, make_trainer
from spacy_biore.adaptation.settings import Settings
from spacy_biore.adaptation.trainer import MaskedTrainer

from .common import make_parser, rates, ratio, time_in_turn, write_result
from .pipelines import quiet

TARGETS = {"trainer_to_bare_loop": 0.85}

Loss = Callable[[nn.Module, dict[str, Tensor]], Tensor]


def compare(settings: Settings, work: Path, *, rounds: int) -> dict[str, Any]:
    """Measure the trainer, a loop with the trainer's loss, and a loop with the loss of transformers.

    Each round starts all of them from the same weights, with the encoder and the head learning.

    Args:
        settings: The run; ``steps`` is the number of updates a round.
        work: Folder for the text and the weights to start from.
        rounds: Number of rounds.
    """
    prepared = {**prepare(settings, work, watch=lambda texts, title: texts), "new_head": False}

    def fresh() -> MaskedTrainer:
        ignore = lambda figures: None  # noqa: E731
        arguments = make_arguments(settings, work)
        trainer, _ = make_trainer(settings, work, prepared, arguments, row=ignore, advance=ignore)
        trainer.clock.evaluations = 0
        # A run saves its state once at its end, which would be too often for one as short as this.
        trainer._save_checkpoint = lambda *args: None
        return trainer

    def component() -> Callable[[], object]:
        return fresh().train

    def loop(make_loss: Callable[[PreTrainedModel], Loss]) -> Callable[[], object]:
        batches = list(_batches(fresh(), settings))
        model = load_to_train(work / START, dropout=settings.dropout)
        loss = make_loss(model)
        return lambda: train(model, loss, batches, settings)

    variants = {"trainer": component, "bare_loop": lambda: loop(MaskedLoss), "full_logits": lambda: loop(_own_loss)}
    seconds = time_in_turn(variants, rounds=rounds)
    n_pieces = (settings.steps or 0) * (settings.batch_tokens // settings.max_length) * settings.max_length
    return {
        "pieces": n_pieces,
        "pieces_per_second": rates(seconds, n_pieces),
        "ratios": {f"trainer_to_{name}": ratio(seconds, "trainer", name) for name in ("bare_loop", "full_logits")},
        "targets": TARGETS,
    }


def train(model: PreTrainedModel, loss: Loss, batches: list[list[dict[str, Tensor]]], settings: Settings) -> None:
    """Update a model with each batch, which is a list of parts that fit into memory."""
    model.train()
    parameters = list(model.parameters())
    adam = torch.optim.AdamW(parameters, lr=settings.learn_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    for parts in batches:
        for part in parts:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = loss(model, part) / len(parts)
            value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        adam.zero_grad()


def _own_loss(model: PreTrainedModel) -> Loss:
    return lambda module, inputs: module(**inputs).loss


def _batches(trainer: MaskedTrainer, settings: Settings) -> Iterator[list[dict[str, Tensor]]]:
    """Yield the batches that the trainer would begin with."""
    parts = iter(trainer.get_train_dataloader())
    for _ in range(settings.steps or 0):
        yield [next(parts) for _ in range(trainer.args.gradient_accumulation_steps)]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = make_parser(__doc__, name="adaptation_speed")
    parser.add_argument("encoder", help="a folder, an installed package, a name on the hub")
    parser.add_argument("text", type=Path, help="as --text of adapt")
    parser.add_argument("--updates", type=int, default=10, help="updates a round")
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    options = parser.parse_args()
    quiet()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            encoder=options.encoder,
            text=(options.text,),
            output=Path(folder),
            steps=options.updates,
            seed=options.seed,
        )
        write_result(options.output, options, compare(settings, Path(folder) / "work", rounds=options.repeats))


if __name__ == "__main__":
    main()
