#!/bin/sh
# Builds gate for release: the same bytes from the same source, Rust and C compiler, in whatever directory.
#
#   ./release.sh        build it and print where the binary is
#   ./release.sh DIR    ... and put gate-VERSION-TARGET.tar.gz and its checksum into DIR
#
# The binary is static where the musl target of Rust and musl's own C compiler are there; an archive is made of nothing else.
set -eu
unset CDPATH

say() { printf 'release: %s\n' "$1" >&2; }
fail() { say "error: $1"; exit 1; }
# One word of a shell, whatever stands in it.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

case ${1-} in
-*) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
[ $# -le 1 ] || fail 'expected at most one directory'

here=$(cd "$(dirname "$0")" && pwd -P)
build=${CARGO_TARGET_DIR:-$here/target}
host=$(rustc -vV | sed -n 's/^host: //p')
target=$host
case $host in
*-unknown-linux-gnu)
    musl=${host%-gnu}-musl
    if [ -d "$(rustc --print target-libdir --target "$musl" 2>/dev/null)" ] && command -v musl-gcc >/dev/null 2>&1; then
        target=$musl
    fi
    ;;
esac
if [ $# -eq 1 ]; then
    case $target in
    *-linux-musl) ;;
    *) fail "a release is static: run \`rustup target add ${musl-x86_64-unknown-linux-musl}\` and \`sudo apt-get install musl-tools\`" ;;
    esac
fi

# No directory of this machine stays in the binary: neither its own nor where the crates are.
crates=${CARGO_HOME:-${HOME:-/nowhere}/.cargo}/registry/src
(cd "$here" && cargo fetch --quiet --locked --target "$target") || fail 'the crates could not be fetched'
flags=--remap-path-prefix=$here=/gate
c_flags=$(quoted "-ffile-prefix-map=$here=/gate")
separator=$(printf '\037')
for from in "$build" "$crates"/*; do
    case $from in
    "$crates"/*) to=/crates ;;
    *) to=/build ;;
    esac
    flags=$flags$separator--remap-path-prefix=$from=$to
    c_flags="$c_flags $(quoted "-ffile-prefix-map=$from=$to")"
done

say "building for $target (the first time takes some minutes)"
(
    cd "$here"
    unset RUSTFLAGS
    CARGO_ENCODED_RUSTFLAGS=$flags CC_SHELL_ESCAPED_FLAGS=1 CFLAGS="${CFLAGS-} $c_flags" \
        cargo build --release --locked --bin gate --target "$target"
) || fail 'the build failed'
built=$build/$target/release/gate
if [ $# -eq 0 ]; then
    printf '%s\n' "$built"
    exit 0
fi

# Names sorted, one time, no owner: the same archive from the same files.
said=$("$built" --version) || fail 'what was built does not run'
name=gate-${said#gate }-$target.tar.gz
scratch=$(mktemp -d) || fail 'there is no scratch directory'
trap 'rm -rf "$scratch"' EXIT
cp "$built" "$here/README.md" "$here/LICENSE-MIT" "$here/LICENSE-APACHE" "$scratch" || fail 'a file is missing'
{
    rustc --version
    musl-gcc --version | head -n 1
} >"$scratch/BUILT-WITH"
chmod 755 "$scratch/gate"
chmod 644 "$scratch"/[A-Z]*
mkdir -p "$1" || fail "cannot make \`$1\`"
tar -C "$scratch" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" -cf - \
    BUILT-WITH LICENSE-APACHE LICENSE-MIT README.md gate | gzip -9n >"$scratch/$name"
(cd "$scratch" && sha256sum "$name" >"$name.sha256")
mv -f "$scratch/$name" "$scratch/$name.sha256" "$1" || fail "cannot write to \`$1\`"
printf '%s\n' "$1/$name"
