#!/bin/sh
# Installs gate for you alone: builds it, or takes it from a release; needs no root.
#
#   ./install.sh               build gate and install it below ~/.local
#   ./install.sh --from FILE   install it from a release's archive, which must have the checksum of FILE.sha256
#       --sha256 SUM           ... or this one: got elsewhere, it vouches for more than the download
#   ./install.sh --demo        ... and show it at work, in a scratch directory
#   ./install.sh --prefix DIR  install it below DIR
#   ./install.sh --uninstall   take everything out again but the log
set -eu
unset CDPATH

say() { printf 'install: %s\n' "$1" >&2; }
fail() { say "error: $1"; exit 1; }
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }

here=$(cd "$(dirname "$0")" && pwd)
prefix='' demo=no uninstall=no from='' sha256=''
while [ $# -gt 0 ]; do
    case $1 in
    --demo) demo=yes ;;
    --prefix) [ $# -gt 1 ] || fail '--prefix needs a directory'; shift; prefix=$1 ;;
    --prefix=*) prefix=${1#*=} ;;
    --from) [ $# -gt 1 ] || fail '--from needs a file'; shift; from=$1 ;;
    --from=*) from=${1#*=} ;;
    --sha256) [ $# -gt 1 ] || fail '--sha256 needs a checksum'; shift; sha256=$1 ;;
    --sha256=*) sha256=${1#*=} ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option \`$1\`" ;;
    esac
    shift
done
[ -z "$sha256" ] || [ -n "$from" ] || fail '--sha256 goes with --from'

# gate itself takes the home directory from the password database, so that a changed HOME cannot move its policy.
home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6) || home=
[ -n "$home" ] || home=${HOME-}
[ -n "$prefix" ] || prefix=${HOME:-$home}/.local
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac

program=$prefix/bin/gate
bash_file=$prefix/share/bash-completion/completions/gate
zsh_file=$prefix/share/zsh/site-functions/_gate
fish_file=$prefix/share/fish/vendor_completions.d/gate.fish
# gate under the names of shells, for agents whose shell can be chosen; a directory of its own, which belongs in no PATH.
shells=$prefix/lib/gate/shells

remove() {
    [ -e "$1" ] || [ -L "$1" ] || return 0
    rm -f "$1" || fail "cannot remove \`$1\`"
    say "removed $1"
}

# What gate wrote into the user's own directories. The policy stays beside a log that speaks of it.
remove_settings() {
    if [ "${HOME-}" != "$home" ]; then
        say "left $home/.config/gate and $home/.local/state/gate alone, because HOME is another directory"
        return 0
    fi
    config=$home/.config/gate state=$home/.local/state/gate
    for name in policy.toml config.toml; do
        [ -e "$config/$name" ] || continue
        if [ -e "$state/gate.db" ]; then
            mv "$config/$name" "$state/$name.removed" || fail "cannot move \`$config/$name\`"
            say "moved $config/$name beside the log"
        else
            remove "$config/$name"
        fi
    done
    rmdir "$config" 2>/dev/null || :
    if [ -e "$state/gate.db" ]; then
        say "the log stays in $state; remove that directory yourself when nobody needs it any more"
    else
        rm -rf "$state"
    fi
}

# Agents whose settings call this gate: without it they would block every command.
agents_behind() {
    [ -x "$program" ] || return 0
    "$program" agent list 2>/dev/null |
        awk -v program="\`$program\`" -v shells="\`$shells/" \
            '/^[a-z]/ && (index($0, program) || index($0, shells)) { print $1 }' | sort -u
}

if [ $uninstall = yes ]; then
    agents=$(agents_behind)
    for agent in $agents; do
        say "$agent goes through this gate, and could run nothing without it: \`$program agent setup $agent --undo\` takes that out"
    done
    [ -z "$agents" ] || fail "nothing was removed; \`$program agent list\` says where gate is called"
    for file in "$shells/bash" "$shells/sh" "$shells/zsh" "$program" "$bash_file" "$zsh_file" "$fish_file"; do
        remove "$file"
        # Only directories that are empty go.
        dir=$(dirname "$file")
        while [ "$dir" != "$prefix" ] && rmdir "$dir" 2>/dev/null; do dir=$(dirname "$dir"); done
    done
    rmdir "$prefix" 2>/dev/null || :
    remove_settings
    say 'done'
    exit 0
fi

no_rust() {
    say 'error: gate is built with Rust, and there is none here. To get it:'
    cat >&2 <<'HOW'
    Debian 13, Ubuntu 24.04 and later:  sudo apt-get install rustup && rustup default stable
    elsewhere:                          curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
                                        . "$HOME/.cargo/env"
Then run ./install.sh again.
HOW
    exit 1
}

# Returns where the binary of a build is.
build() {
    # A toolchain belongs to the user, wherever HOME points today.
    if ! cargo --version >/dev/null 2>&1 && [ -x "$home/.cargo/bin/cargo" ]; then
        CARGO_HOME=${CARGO_HOME:-$home/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup} PATH=$home/.cargo/bin:$PATH
        export CARGO_HOME RUSTUP_HOME PATH
    fi
    cargo --version >/dev/null 2>&1 || no_rust
    needed=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$here/Cargo.toml")
    found=$(rustc --version | cut -d' ' -f2)
    oldest=$(printf '%s\n%s\n' "$needed" "$found" | sort -t. -k1,1n -k2,2n | head -n 1)
    [ "$oldest" = "$needed" ] || fail "gate needs Rust $needed, and this is $found; run \`rustup update\`"
    command -v cc >/dev/null 2>&1 || fail 'a C compiler is missing (SQLite is compiled in); run: sudo apt-get install build-essential'
    "$here/release.sh" || fail 'gate was not built'
}

# Returns where the binary of the release in `$from` is, once that is the very file whose checksum is given.
unpack() {
    [ -f "$from" ] || fail "\`$from\` is no file"
    if [ -z "$sha256" ]; then
        [ -f "$from.sha256" ] || fail "nothing vouches for \`$from\`: put its checksum into \`$from.sha256\`, or give it by --sha256"
        read -r sha256 _ <"$from.sha256" || :
    fi
    case $sha256 in *[!0-9a-f]*) fail "\`$sha256\` is no SHA-256 checksum" ;; esac
    [ ${#sha256} -eq 64 ] || fail "\`$sha256\` is no SHA-256 checksum"
    # A copy, so that what is unpacked is what was checked.
    cp "$from" "$scratch/release.tar.gz" || fail "cannot read \`$from\`"
    found=$(sha256sum "$scratch/release.tar.gz") || fail "cannot read \`$from\`"
    [ "${found%% *}" = "$sha256" ] || fail "\`$from\` has the checksum ${found%% *}, expected $sha256; nothing was installed"
    tar -C "$scratch" --no-same-owner -xzf "$scratch/release.tar.gz" gate || fail "\`$from\` holds no gate"
    if [ ! -f "$scratch/gate" ] || [ -L "$scratch/gate" ]; then fail "\`$from\` holds no gate"; fi
    "$scratch/gate" --version >/dev/null || fail "the gate in \`$from\` does not run on this machine"
    printf '%s\n' "$scratch/gate"
}

scratch=$(mktemp -d) || fail 'there is no scratch directory'
trap 'rm -rf "$scratch"' EXIT
if [ -n "$from" ]; then built=$(unpack); else built=$(build); fi || exit 1

# Under another name first: a gate that is running at the moment is replaced, not overwritten.
place() {
    { mkdir -p "$(dirname "$2")" && cp "$1" "$2.new" && chmod "$3" "$2.new" && mv -f "$2.new" "$2"; } ||
        fail "cannot write \`$2\`"
}
place "$built" "$program" 755
for shell in bash zsh fish; do
    "$program" completions "$shell" >"$scratch/completions.$shell"
done
place "$scratch/completions.bash" "$bash_file" 644
place "$scratch/completions.zsh" "$zsh_file" 644
place "$scratch/completions.fish" "$fish_file" 644

# A link by a relative path, so that the whole may be moved. No zsh where there is none: who looks for one would take it for real.
link() {
    { mkdir -p "$shells" && ln -sfn ../../../bin/gate "$shells/$1"; } || fail "cannot write \`$shells/$1\`"
}
link bash
link sh
case $(command -v zsh 2>/dev/null || :) in
"" | "$shells"/*) rm -f "$shells/zsh" ;;
*) link zsh ;;
esac
say "installed $program"
case :$PATH: in
*:"$prefix/bin":*) ;;
*) say "hint: \`$prefix/bin\` is not in PATH; add \`export PATH=\"$prefix/bin:\$PATH\"\` to your shell's start-up file" ;;
esac

if [ $demo = yes ]; then
    rm -rf "$scratch"
    exec "$program" demo
fi
say "hint: \`gate demo\` shows what it does, \`gate agent setup claude\` (or codex, gemini, cursor, copilot, aider) puts an agent behind it"
