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

# check NAME COMMAND…: shows what the command said only if it failed.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "  ok      $name"
        passed=$((passed + 1))
    else
        printf '  FAILED  %s\n%s\n' "$name" "$said"
        failed=$((failed + 1))
    fi
}

trigger() {
    STRIPE_CLI_TELEMETRY_OPTOUT=1 timeout 60 "$here/node_modules/.bin/stripe" trigger "$1" \
        --api-key sk_test_quittance_sandbox --api-base "$QUITTANCE_URL" --color off
}

# arrives KIND STATE BEFORE: whether, within the time, there are more than BEFORE rows of the kind
# in that state.
arrives() {
    local deadline=$((SECONDS + SECONDS_TO_ARRIVE))
    until (($(rows "$1" "$2" | wc -l) > $3)); do
        if ((SECONDS >= deadline)); then
            echo "There are still $3 of them. All there is of this kind:"
            rows "$1" ''
            return 1
        fi
        sleep 0.2
    done
}

# rows KIND STATE: the lines of the log; of any state, if it is empty.
rows() {
    RUST_LOG=warn "$QUITTANCE_BIN" events --json --limit 10000 | grep -F "\"kind\":\"$1\"" |
        grep -F "\"state\":\"$2" || true
}

for event in payment_intent.succeeded payment_intent.payment_failed; do
    before=$(rows "$event" parked | wc -l)
    check "the sandbox does what \`stripe trigger $event\` asks" trigger "$event"
    # Genuine, and about a payment that was not made here: it waits for one.
    check "$event is in the log, and parked" arrives "$event" parked "$before"
done

echo "$passed passed, $failed failed"
((failed == 0))
