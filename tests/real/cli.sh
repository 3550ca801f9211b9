#!/usr/bin/env bash
# What Stripe's official command line triggers in the sandbox comes back as signed webhooks, and
# ends in rows of our log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${QUITTANCE_URL:?start this with scripts/real}" "${QUITTANCE_BIN:?start this with scripts/real}"

# How long a webhook may take until its row is seen.
readonly SECONDS_TO_ARRIVE=15

passed=0
failed=0

check() {
    local name=$1
    shift
    if "$@"; then
        echo "  ok      $name"
        passed=$((passed + 1))
    else
        echo "  FAILED  $name"
        failed=$((failed + 1))
    fi
}

trigger() {
    STRIPE_CLI_TELEMETRY_OPTOUT=1 timeout 60 "$here/node_modules/.bin/stripe" trigger "$1" \
        --api-key sk_test_quittance_sandbox --api-base "$QUITTANCE_URL" --color off 2>&1
}

# arrives KIND: whether the log has a row of the kind within the time.
arrives() {
    local deadline=$((SECONDS + SECONDS_TO_ARRIVE))
    until rows "$1" | grep -q .; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
    rows "$1"
}

rows() { "$QUITTANCE_BIN" events --json | grep -F "\"kind\":\"$1\""; }

for event in payment_intent.succeeded payment_intent.payment_failed; do
    check "the sandbox does what \`stripe trigger $event\` asks" trigger "$event"
    check "$event is in the log" arrives "$event"
done

echo "$passed passed, $failed failed"
((failed == 0))
