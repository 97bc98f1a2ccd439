#!/usr/bin/env bash
# The whole job on the text in data/: one teacher pass, two students from its cache, and the same
# student from hard labels alone. DEMO_SHORT=1 trains a few steps only; DEMO_OUT names the folder.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${DEMO_OUT:-.build/demo}
teacher=data/demo-teacher
pipeline=.build/release/pipeline
training=(--epochs 4 --batch-tokens 2048 --learning-rate 5e-4)
[ -n "${DEMO_SHORT:-}" ] && training=(--steps 12 --batch-tokens 2048)

rm -rf "$out"
mkdir -p "$out"

run() {
  printf '\n$ pipeline %s\n' "$*"
  "$pipeline" "$@"
}

run tokenize data/wikitext/train.txt.gz --tokenizer $teacher --documents file --output "$out/corpus"
run tokenize data/wikitext/heldout.txt.gz --tokenizer $teacher --documents file \
  --output "$out/heldout"
run cache-teacher --teacher $teacher --corpus "$out/corpus" --replicas 4 \
  --tail hidden --output "$out/cache"

student=(train-student --from-cache "$out/cache" --init-from $teacher --layers 2 "${training[@]}")
run "${student[@]}" --output "$out/student"
run "${student[@]}" --temperature 4 --output "$out/student-t4"
run "${student[@]}" --hard-labels --output "$out/student-hard-labels"

run evaluate $teacher "$out/student" "$out/student-t4" "$out/student-hard-labels" \
  --corpus "$out/heldout" --cache "$out/cache"
