"""`winnow pretrain CONFIG --out DIR`: a tokenizer and a small Llama from scratch, on the shards of a curated build.

For where no hub is reachable, and for trying a data recipe end to end. Documents are joined with an end token and cut
into full contexts (so attention crosses documents, as in GPT-2 and LLaMA); every position is trained.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments, set_seed

from finetune.config import Architecture, PretrainConfig, PretrainTraining
from finetune.messages import InputFile
from finetune.optimiser import MuonWithAdamW
from finetune.runs import Result, plan_run, run_stage
from finetune.template import CHATML_TOKENS, PAD_TOKEN
from finetune.training import machine, on_one_gpu, precision, run_trainer, set_threads, trainer_settings
from manifests.digests import digest_json
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest

END_TOKEN = "<|endoftext|>"
ENCODE_BATCH = 256


def run_pretrain(config: PretrainConfig, out: str) -> Result:
    """Train tokenizer and model on the build in `config.data` into the model directory `out`.

    Raises:
        UsageError: no finished build there, files that differ from its manifest, or no Parquet shard in it.
        JobError: less text than one context, or the loss diverged.
    """
    files = shard_files(config.data)
    run = plan_run("pretrain", config, out, files)
    return run_stage(run, lambda partial: _train(config, [file.path for file in files], partial))


def shard_files(build: str) -> list[InputFile]:
    """The Parquet shards that the manifest of `build` lists."""
    manifest = read_manifest(build)
    files = [
        InputFile(os.path.join(build, shard["path"]), shard["bytes"], shard["sha256"], shard["documents"])
        for shard in manifest.get("shards", [])
        if shard["path"].endswith(".parquet")
    ]
    if not files:
        raise UsageError(f"{build}: its manifest lists no Parquet shard; give the folder of a `winnow curate` build")
    return files


def read_texts(paths: list[str], max_text_bytes: int, seed: int) -> tuple[list[str], int]:
    """The texts to train on and the number of documents there are; see `read_documents`."""
    rows, documents = read_documents(paths, max_text_bytes, seed)
    return [text for _, text in rows], documents


def read_documents(paths: list[str], max_text_bytes: int, seed: int) -> tuple[list[tuple[str, str]], int]:
    """`(id, text)` of the documents to train on, in the shards' order, and the number of documents there are.

    Of more than `max_text_bytes`, each document is taken with the share that fits, decided by its id and the seed.
    """
    documents, total = 0, 0
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(columns=["text"]):
            documents += batch.num_rows
            total += pc.sum(pc.binary_length(batch["text"])).as_py() or 0
    bound = 16**13 if total <= max_text_bytes else int(16**13 * max_text_bytes / total)
    rows = [
        (str(key), text)
        for path in paths
        for batch in pq.ParquetFile(path).iter_batches(columns=["id", "text"])
        for key, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True)
        if bound == 16**13 or int(digest_json([seed, str(key)])[:13], 16) < bound
    ]
    return rows, documents


def train_tokenizer(texts: list[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer (GPT-2's scheme) of `vocabulary` entries, the chat's control tokens among them."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = [END_TOKEN, PAD_TOKEN, *CHATML_TOKENS]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=None,
        eos_token=END_TOKEN,
        pad_token=PAD_TOKEN,
        extra_special_tokens=list(CHATML_TOKENS),
        clean_up_tokenization_spaces=False,
    )


def pack(texts: list[str], tokenizer: PreTrainedTokenizerFast, context: int) -> np.ndarray[Any, Any]:
    """Token ids of shape (blocks, context), int32; the tokens after the last full block are left out."""
    ids = np.concatenate([np.zeros(0, np.int32), *token_arrays(texts, tokenizer)])
    blocks = len(ids) // context
    packed: np.ndarray[Any, Any] = ids[: blocks * context].reshape(blocks, context)
    return packed


def new_model(architecture: Architecture, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """An untrained Llama of that shape, with tied embeddings."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=architecture.hidden_size,
            intermediate_size=architecture.feed_forward,
            num_hidden_layers=architecture.layers,
            num_attention_heads=architecture.heads,
            num_key_value_heads=architecture.heads,
            max_position_embeddings=architecture.context,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def blocks_trainer(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    blocks: np.ndarray[Any, Any],
    training: PretrainTraining,
    partial: str,
    **arguments: Any,
) -> Trainer:
    """A trainer of `model` on `blocks` from scratch, with Muon; `arguments` replace those of `TrainingArguments`."""
    _, bf16 = precision(training, frozen_base=False)
    settings = {**trainer_settings(training, partial, bf16=bf16, logging_steps=10), **arguments}
    return Trainer(
        model=model,
        args=on_one_gpu(TrainingArguments(**settings)),
        train_dataset=Blocks(blocks),
        processing_class=tokenizer,
        optimizers=(
            MuonWithAdamW(
                model,
                matrix_learning_rate=training.matrix_learning_rate,
                learning_rate=training.learning_rate,
                weight_decay=training.weight_decay,
            ),
            None,
        ),
    )


class Blocks(torch.utils.data.Dataset[dict[str, Any]]):
    """Rows of token ids, of shape (blocks, context), as inputs and labels of a language model."""

    def __init__(self, blocks: np.ndarray[Any, Any]) -> None:
        self.blocks = blocks

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, index: int) -> dict[str, Any]:
        ids = torch.from_numpy(self.blocks[index].astype(np.int64))
        return {"input_ids": ids, "labels": ids}


def token_arrays(texts: list[str], tokenizer: PreTrainedTokenizerFast) -> Iterator[np.ndarray[Any, Any]]:
    """The token ids of each text, int32, with the end token after them."""
    backend = tokenizer.backend_tokenizer
    # A page that mentions a control token must not end the document.
    backend.encode_special_tokens = True
    try:
        for start in range(0, len(texts), ENCODE_BATCH):
            for encoding in backend.encode_batch_fast(texts[start : start + ENCODE_BATCH], add_special_tokens=False):
                yield np.array([*encoding.ids, tokenizer.eos_token_id], np.int32)
    finally:
        backend.encode_special_tokens = False


def _train(config: PretrainConfig, paths: list[str], partial: str) -> dict[str, Any]:
    set_threads(config.training)
    set_seed(config.training.seed)
    texts, documents = read_texts(paths, config.max_text_bytes, config.training.seed)
    tokenizer = train_tokenizer(texts, config.vocabulary)
    blocks = pack(texts, tokenizer, config.architecture.context)
    if not len(blocks):
        raise JobError(f"{config.data}: less text than one context of {config.architecture.context} tokens")
    model = new_model(config.architecture, tokenizer)
    trainer = blocks_trainer(model, tokenizer, blocks, config.training, partial)
    last = run_trainer(trainer, partial, label="pretrain", unit="tokens", units_per_epoch=blocks.size)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    return {
        "steps": trainer.state.global_step,
        **machine(trainer),
        "parameters": model.num_parameters(),
        "vocabulary": len(tokenizer),
        "documents": documents,
        "documents_used": len(texts),
        "text_bytes": sum(len(text.encode()) for text in texts),
        "tokens": int(blocks.size),
        "trained_tokens": int(last.get("epoch", 0) * blocks.size),
        "loss": last.get("loss"),
    }
