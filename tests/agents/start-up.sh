SNAPSHOT_FILE=@SNAPSHOT@
      source "@HOME@/.bashrc" < /dev/null

      # a file of its own
      echo "# a snapshot" >| "$SNAPSHOT_FILE"
      echo "unalias -a 2>/dev/null || true" >> "$SNAPSHOT_FILE"
      shopt -p | head -n 1000 >> "$SNAPSHOT_FILE"
      # functions
      declare -F | cut -d' ' -f3 | grep -vE '^_[^_]' | while read name; do
        printf 'eval %q > /dev/null 2>&1\n' "$(declare -f "$name")" >> "$SNAPSHOT_FILE"
done
      set -o | grep "on$" | awk '{print "set -o " $1}' | head -n 1000 >> "$SNAPSHOT_FILE"
      echo "shopt -s expand_aliases" >> "$SNAPSHOT_FILE"
      alias | sed 's/^alias //g' | sed 's/^/alias -- /' | head -n 1000 >> "$SNAPSHOT_FILE"
      cat >> "$SNAPSHOT_FILE" << 'PATH_END'
export PATH='/usr/bin:/bin'
PATH_END
      if [ ! -f "$SNAPSHOT_FILE" ]; then
        echo "no snapshot" >&2
        exit 1
      fi
