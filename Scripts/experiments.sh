#!/usr/bin/env bash
# WikiText-2 under a MiniLM-based teacher: two caches, then the students of Experiments/, a table
# of results and a report of each. About an hour on two cores; the same command goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${DECANT_SHARED:-../shared}
out=.build/experiments
pipeline=$PWD/.build/release/pipeline
if [ ! -d "$data/data/wikitext-2" ] || [ ! -d "$data/models/minilm-mlm" ]; then
  echo "experiments: '$data' has no data/wikitext-2 and models/minilm-mlm; set DECANT_SHARED" >&2
  exit 1
fi

say() {
  echo "\$ pipeline $*"
  "$pipeline" "$@"
}

mkdir -p "$out"
ln -sfn "$(realpath "$data/models/minilm-mlm")" "$out/teacher"
for part in train valid; do
  say tokenize "$data/data/wikitext-2/$part.txt.gz" --tokenizer "$out/teacher" --documents file \
    --replace '<unk>=[UNK]' --output "$out/$part"
done
say cache-teacher --teacher "$out/teacher" --corpus "$out/train" --head 64 --replicas 2 \
  --state-layers 2,4,6 --output "$out/cache"
say cache-teacher --teacher "$out/teacher" --corpus "$out/train" --tail hidden --output "$out/cache-hidden"
# The last shard, a fourteenth of the text, under one mask and under both.
for part in "1 0" "2 0-1"; do
  read -r count replicas <<< "$part"
  [ -f "$out/small-$count/manifest.json" ] || say cache subset "$out/cache" "$out/small-$count" \
    --shards 2 --replicas "$replicas"
done
for sweep in baselines choices; do
  say sweep "Experiments/$sweep.yaml" --output "$out/$sweep"
done
