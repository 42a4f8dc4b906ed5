# Sourced by the tools: naming and timing of steps. Needs bash 5; the caller has `set -euo pipefail`.

step_names=()
step_seconds=()

# step NAME COMMAND...: announces the step, runs the command, keeps its duration; ends the tool on failure.
step() {
  local name=$1 begin=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if ! "$@"; then
    printf '\n== FAILED: %s (after %d s)\n' "$name" $((SECONDS - begin)) >&2
    exit 1
  fi
  step_names+=("$name")
  step_seconds+=($((SECONDS - begin)))
  printf '== %s: %d s\n' "$name" $((SECONDS - begin))
}

# Prints how long each step so far took.
print_steps() {
  local i
  printf '\n== so far\n'
  for i in "${!step_names[@]}"; do
    printf '   %5d s  %s\n' "${step_seconds[$i]}" "${step_names[$i]}"
  done
}

# build_preset PRESET [TARGET...]: configures and builds into build/PRESET.
build_preset() {
  local preset=$1
  shift
  cmake --preset "$preset" --log-level=WARNING >/dev/null || return 1
  cmake --build --preset "$preset" -j "$(nproc)" ${@:+--target "$@"}
}
