#!/usr/bin/env bash
# Asks the package feed which engine drivers it carries, and writes the answer to build/drivers.props (git-ignored).
# An adapter project whose driver is missing is then built empty; see docs/decisions.
#   build/drivers.sh               asks and writes
#   build/drivers.sh --if-missing  asks only where there is no answer yet
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
answer="$root/build/drivers.props"

if [[ "${1:-}" == --if-missing && -f "$answer" ]] && ! grep -q 'feed not reached' "$answer"; then
  exit 0
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
export NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT=2 NUGET_ENHANCED_NETWORK_RETRY_DELAY_MILLISECONDS=300

version_of() {
  sed -n "s/.*PackageVersion Include=\"$1\" Version=\"\([^\"]*\)\".*/\1/p" "$root/Directory.Packages.props"
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# probe NAME PACKAGE...: a project with nothing but the driver; whether it restores is the answer.
probe() {
  local name="$1" references="" package
  shift
  for package in "$@"; do
    references+="<PackageReference Include=\"$package\" Version=\"$(version_of "$package")\" />"
  done
  mkdir -p "$work/$name"
  cp "$root/nuget.config" "$work/$name/" 2>/dev/null || true
  echo "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup><ItemGroup>$references</ItemGroup></Project>" \
    > "$work/$name/$name.csproj"
  dotnet restore "$work/$name/$name.csproj" > "$work/$name.log" 2>&1 && echo true > "$work/$name.answer" || echo false > "$work/$name.answer"
}

echo "Asking the package feed which engine drivers it carries ..."
probe eventstoredb EventStore.Client.Grpc.Streams EventStore.Client.Grpc.PersistentSubscriptions &
probe mongodb MongoDB.Driver &
wait

reached=true
# verdict NAME: true, false, or false with reached=false when the answer is not the feed's.
# NU1100 to NU1103: the feed was asked and has no such package or version. Anything else (NU1301 ...) is no answer.
verdict() {
  if [[ "$(cat "$work/$1.answer")" == true ]]; then
    echo true
  elif grep -Eq 'error NU110[0-3]' "$work/$1.log" && ! grep -Eq 'NU1301|NU1801' "$work/$1.log"; then
    echo false
  else
    echo unreached
  fi
}

eventstoredb="$(verdict eventstoredb)"
mongodb="$(verdict mongodb)"
note=""
for name in eventstoredb mongodb; do
  if [[ "${!name}" == unreached ]]; then
    reached=false
    printf -v "$name" false
    first_error="$(grep -Em1 'error' "$work/$name.log" | sed 's/ \[.*//; s/^.*error /error /' | cut -c1-300 || true)"
  fi
done
if [[ "$reached" == false ]]; then
  note="  <!-- feed not reached: asked again by the next make -->"$'\n'
  echo "The package feed could not be asked (${first_error:-no answer}). Building without the drivers that did not restore; the next make asks again." >&2
fi

cat > "$answer.$$" <<PROPS
<Project>
${note}  <PropertyGroup>
    <EventStoreDbDriver>$eventstoredb</EventStoreDbDriver>
    <MongoDbDriver>$mongodb</MongoDbDriver>
  </PropertyGroup>
</Project>
PROPS
mv "$answer.$$" "$answer"

say() { [[ "$1" == true ]] && echo "built in" || echo "not on this feed, built without"; }
echo "  EventStoreDB driver: $(say "$eventstoredb")"
echo "  MongoDB driver:      $(say "$mongodb")"
