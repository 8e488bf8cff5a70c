#!/usr/bin/env bash
# Runs the built test projects one after another and sums them up. The last line is: N passed, N failed, N skipped
#   build/test.sh CONFIG [PROJECT-PREFIX]
# Each project's output lies in artifacts/logs, its results in artifacts/test-results.
set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
config="${1:-Release}"
only="${2:-}"
limit="${AIAAS_TEST_LIMIT:-15m}"
results="artifacts/test-results"
logs="artifacts/logs"
rm -rf "$results"
mkdir -p "$results" "$logs"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
# Tests and the programs that they start end before profiles of their code pay.
export DOTNET_TieredPGO="${DOTNET_TieredPGO:-0}"

passed=0 failed=0 skipped=0 broken=0

# count FILE ATTRIBUTE: one attribute of the trx file's Counters element.
count() {
  local value
  value="$(grep -om1 '<Counters [^>]*' "$1" 2>/dev/null | grep -o " $2=\"[0-9]*\"" | tr -dc 0-9)"
  echo "${value:-0}"
}

for project in tests/*/*.csproj; do
  name="$(basename "$project" .csproj)"
  [[ "$name" != "$only"* ]] && continue
  # Programs that tests and measurements start.
  grep -q '<OutputType>Exe</OutputType>' "$project" && continue
  dll="artifacts/bin/$name/${config,,}/$name.dll"
  trx="$results/$name.trx"
  log="$logs/test-$name.log"
  started=$SECONDS
  if [[ -f "$dll" ]]; then
    timeout --kill-after=20s "$limit" dotnet test "$dll" --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=normal" --results-directory "$results" > "$log" 2>&1
    code=$?
  else
    echo "$dll is missing: build first." > "$log"
    code=1
  fi

  total="$(count "$trx" total)"
  ok="$(count "$trx" passed)"
  bad=$(( $(count "$trx" failed) + $(count "$trx" error) + $(count "$trx" timeout) + $(count "$trx" aborted) ))
  skip=$(( total - ok - bad ))
  printf '%-28s %5d passed %4d failed %4d skipped %5d s\n' "$name" "$ok" "$bad" "$skip" $(( SECONDS - started ))
  if (( bad > 0 || code != 0 )); then
    grep -A12 -E '^ +Failed ' "$log" | sed 's/^/    /' | head -120
  fi
  if (( code == 124 || code == 137 )); then
    echo "    $name did not end within $limit and was stopped; see $log"
  elif (( code != 0 && bad == 0 )); then
    echo "    $name ended with exit code $code without a failed test; see $log"
    tail -n 15 "$log" | sed 's/^/    /'
  elif (( total == 0 )); then
    echo "    $name holds no test that could be run; see $log"
  fi
  # A project that broke, or that holds no test, counts as one failure: silence must never look like success.
  if (( (code != 0 && bad == 0) || total == 0 )); then
    broken=$(( broken + 1 ))
  fi
  if (( skip > 0 )); then
    # Each reason once, with how many tests it kept from running; their names stand in the log.
    grep -A6 'outcome="NotExecuted"' "$trx" | sed -n 's/.*<Message>\(SetUp : \|OneTimeSetUp: \)\{0,1\}\(.*\)/\2/p' | sed 's#</Message>.*##; s/&amp;/\&/g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g' | sort | uniq -c | sed 's/^ *\([0-9]*\) /    \1 skipped: /' | head -20
  fi
  passed=$(( passed + ok )) failed=$(( failed + bad )) skipped=$(( skipped + skip ))
done

failed=$(( failed + broken ))
if (( passed + failed + skipped == 0 )); then
  echo "No test project was found." >&2
  failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
(( failed == 0 ))
