# Sourced by tools/test and tools/fuzz: running libFuzzer programs of build/fuzz. The caller is at the root.

fuzz_programs() { find build/fuzz/tests/fuzz -maxdepth 1 -type f -name 'fuzz_*' -perm -100 | sort; }

# run_fuzzer PROGRAM SECONDS: runs over its seed corpus; what it learns stays in build/fuzz/corpus/<name>.
# Prints one line of figures; on a crash the program's own report and the input's path.
run_fuzzer() {
  local program=$1 seconds=$2 name learned seeds log status=0
  name=$(basename "$program")
  name=${name#fuzz_}
  learned=build/fuzz/corpus/$name
  seeds=tests/fuzz/corpus/$name
  log=build/fuzz/$name.log
  mkdir -p "$learned"
  local folders=("$learned")
  [[ ! -d $seeds ]] || folders+=("$seeds")
  "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "${folders[@]}" >"$log" 2>&1 </dev/null || status=$?
  if [[ $status -ne 0 ]]; then
    tail -n 60 "$log"
    printf 'fuzz %s: FAILED (status %d); its whole output: %s\n' "$name" "$status" "$log"
    return 1
  fi
  local runs coverage
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
  printf 'fuzz %-16s %4d s  %10s runs  %s\n' "$name" "$seconds" "$runs" "$coverage"
}
