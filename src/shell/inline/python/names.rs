//! What of Python is pure: builtins, methods, and functions of the standard library that only compute, print or look.
//!
//! From the library reference (docs.python.org/3/library). A name is listed only if a call of it, with any values that listed
//! names make, runs no other program, writes and opens no file and changes nothing that outlives the process. Left out
//! for that: `platform.architecture` (it runs `file`), `uuid.uuid1` (`ifconfig`), `string.Formatter`, `operator.attrgetter`
//! (attributes by name), `sys.path` and `sys.modules` (they decide what an import loads), `collections.namedtuple` (`exec`).

/// Builtin functions, types and exceptions.
const BUILTINS: &str = "abs all any ascii bin bool bytearray bytes callable chr complex dict dir divmod enumerate filter float format \
frozenset hash hex id int isinstance issubclass iter len list map max min next object oct ord pow print range repr reversed round \
set slice sorted str sum tuple zip exit quit Ellipsis NotImplemented \
ArithmeticError AssertionError AttributeError BaseException EOFError Exception FileExistsError FileNotFoundError FloatingPointError \
ImportError IndexError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError \
NotADirectoryError NotImplementedError OSError IOError OverflowError PermissionError RecursionError RuntimeError StopIteration \
SyntaxError SystemExit TimeoutError TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError ZeroDivisionError";

/// Builtins, and what `site` adds, that may do more.
const OTHERS: &str = "aiter anext breakpoint classmethod compile copyright credits delattr eval exec getattr globals hasattr help \
license locals memoryview open property setattr staticmethod super type vars";

/// Builtins of Python 2 that do more than those of Python 3, if there are any of that name.
const OLDER: &str = "apply basestring buffer cmp coerce execfile file input intern long raw_input reduce reload unichr unicode xrange";

/// Builtins that some Python after 3.14 has or may have (PEP 661, PEP 814).
const LATER_BUILTINS: &str = "frozendict sentinel";

/// Methods of values: of texts, bytes, numbers, containers, matches, dates, digests, and of files that are only read.
const METHODS: &str = "upper lower strip lstrip rstrip split rsplit splitlines join replace startswith endswith find rfind index rindex \
count encode decode title capitalize swapcase center ljust rjust zfill isdigit isalpha isalnum isspace isupper islower isnumeric \
isdecimal isidentifier istitle isascii isprintable partition rpartition translate maketrans expandtabs casefold hex fromhex removeprefix removesuffix \
append extend insert pop remove sort reverse copy clear keys values items get setdefault update popitem fromkeys add discard union \
intersection difference symmetric_difference issubset issuperset isdisjoint intersection_update difference_update \
bit_length bit_count to_bytes from_bytes as_integer_ratio conjugate is_integer fromhex \
read readline readlines close write writelines flush getvalue seek tell isatty fileno writerow writerows writeheader \
match search fullmatch findall finditer sub subn group groups groupdict start end span \
hexdigest digest isoformat strftime timestamp date time weekday isoweekday total_seconds astimezone utcoffset isocalendar timetuple \
today now utcnow fromtimestamp fromisoformat strptime most_common elements subtract appendleft popleft rotate extendleft move_to_end geturl ratio quantize \
limit_denominator hosts subnets supernet subnet_of";

/// Attributes of values that are data.
const ATTRIBUTES: &str = "major minor micro releaselevel serial name version year month day hour minute second microsecond days seconds \
microseconds tzinfo real imag numerator denominator args code msg errno strerror filename lineno pos buffer encoding string \
re pattern flags maxlen fieldnames line_num scheme netloc path params query fragment hostname port username tm_year tm_mon tm_mday tm_hour \
tm_min tm_sec tm_wday tm_yday st_size st_mtime st_mode st_uid st_gid st_ino st_nlink sysname nodename release machine bits_per_digit \
max min epsilon dig mant_dig max_exp int is_private is_global is_loopback network_address broadcast_address num_addresses prefixlen netmask \
digest_size block_size algorithm width hash_bits columns lines";

/// Functions and constants, by module; `*` is all of it.
const MODULES: [(&str, &str); 52] = [
    ("ast", "literal_eval parse dump"),
    (
        "base64",
        "b64encode b64decode urlsafe_b64encode urlsafe_b64decode standard_b64encode standard_b64decode b32encode b32decode b16encode b16decode b85encode b85decode a85encode a85decode",
    ),
    ("binascii", "hexlify unhexlify crc32 b2a_hex a2b_hex b2a_base64 a2b_base64"),
    ("bisect", "bisect bisect_left bisect_right insort insort_left insort_right"),
    (
        "calendar",
        "month calendar isleap leapdays monthrange monthcalendar weekday day_name day_abbr month_name month_abbr timegm",
    ),
    ("cmath", "*"),
    ("collections", "Counter defaultdict OrderedDict deque ChainMap"),
    ("colorsys", "*"),
    ("copy", "copy deepcopy"),
    ("csv", "reader writer DictReader DictWriter QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC"),
    ("datetime", "datetime date time timedelta timezone UTC MINYEAR MAXYEAR"),
    (
        "datetime.datetime",
        "now utcnow today fromtimestamp utcfromtimestamp strptime fromisoformat combine min max",
    ),
    ("datetime.date", "today fromtimestamp fromisoformat min max"),
    ("datetime.time", "fromisoformat min max"),
    ("datetime.timedelta", "min max"),
    ("datetime.timezone", "utc"),
    ("decimal", "Decimal ROUND_HALF_UP ROUND_HALF_EVEN ROUND_DOWN ROUND_UP ROUND_FLOOR ROUND_CEILING"),
    ("difflib", "unified_diff context_diff ndiff get_close_matches SequenceMatcher"),
    ("errno", "*"),
    ("fnmatch", "fnmatch fnmatchcase filter translate"),
    ("fractions", "Fraction"),
    ("functools", "reduce cmp_to_key"),
    ("glob", "glob iglob escape"),
    (
        "hashlib",
        "md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 blake2b blake2s new pbkdf2_hmac scrypt algorithms_available algorithms_guaranteed",
    ),
    ("heapq", "heappush heappop heapify nlargest nsmallest merge heappushpop heapreplace"),
    ("hmac", "new digest compare_digest"),
    ("html", "escape unescape"),
    ("io", "StringIO BytesIO"),
    (
        "ipaddress",
        "ip_address ip_network ip_interface IPv4Address IPv4Network IPv6Address IPv6Network summarize_address_range collapse_addresses",
    ),
    ("itertools", "*"),
    ("json", "load loads dump dumps JSONDecodeError"),
    ("keyword", "kwlist iskeyword"),
    ("math", "*"),
    (
        "operator",
        "itemgetter add sub mul truediv floordiv mod neg eq ne lt le gt ge and_ or_ xor not_ contains",
    ),
    (
        "os",
        "getcwd listdir getpid getppid getuid geteuid getgid getegid getlogin cpu_count uname sep linesep name curdir pardir extsep pathsep devnull getloadavg stat lstat readlink access times get_terminal_size F_OK R_OK W_OK X_OK",
    ),
    (
        "os.path",
        "join exists isfile isdir islink lexists getsize getmtime getctime getatime basename dirname abspath realpath relpath normpath expanduser split splitext isabs commonpath commonprefix samefile ismount sep",
    ),
    (
        "platform",
        "python_version python_version_tuple python_implementation python_compiler python_build python_branch python_revision system node release version machine processor uname platform",
    ),
    ("pprint", "pprint pformat"),
    (
        "random",
        "random randint choice choices sample shuffle uniform seed gauss randrange getrandbits triangular normalvariate",
    ),
    (
        "re",
        "compile match search fullmatch findall finditer sub subn split escape I IGNORECASE M MULTILINE S DOTALL X VERBOSE A ASCII U UNICODE error",
    ),
    ("secrets", "token_hex token_urlsafe token_bytes choice randbelow randbits compare_digest"),
    ("shlex", "quote split join"),
    ("site", "getsitepackages getusersitepackages getuserbase"),
    (
        "statistics",
        "mean fmean median mode stdev pstdev variance pvariance median_low median_high quantiles geometric_mean harmonic_mean multimode",
    ),
    (
        "string",
        "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation whitespace printable capwords",
    ),
    ("struct", "pack unpack calcsize unpack_from iter_unpack error"),
    (
        "sys",
        "version version_info argv platform executable maxsize byteorder exit getsizeof getrecursionlimit setrecursionlimit prefix base_prefix exec_prefix stdin stdout stderr flags implementation float_info int_info hash_info maxunicode getdefaultencoding getfilesystemencoding builtin_module_names hexversion api_version getrefcount",
    ),
    ("textwrap", "dedent fill wrap indent shorten"),
    (
        "time",
        "time sleep perf_counter perf_counter_ns monotonic strftime strptime gmtime localtime ctime asctime process_time time_ns mktime timezone tzname",
    ),
    (
        "unicodedata",
        "name normalize category lookup numeric decimal digit bidirectional combining east_asian_width unidata_version",
    ),
    (
        "urllib.parse",
        "quote quote_plus unquote unquote_plus urlencode urlparse urlsplit parse_qs parse_qsl urljoin urlunparse urlunsplit",
    ),
    ("zlib", "compress decompress crc32 adler32"),
];

/// Modules of Python 3 alone: those before it had them run something when loaded.
const LATER: [(&str, &str); 2] =
    [("uuid", "uuid3 uuid4 uuid5 UUID NAMESPACE_DNS NAMESPACE_URL"), ("tomllib", "load loads")];

fn lists(words: &str, name: &str) -> bool {
    words.split_ascii_whitespace().any(|word| word == name)
}

/// Claims that the builtin `name` is pure.
pub(super) fn is_pure_builtin(name: &str, is_three: bool) -> bool {
    lists(BUILTINS, name) || (is_three && name == "input")
}

/// Claims that a builtin called `name` may do more.
pub(super) fn does_more(name: &str, is_three: bool) -> bool {
    lists(OTHERS, name) || (!is_three && lists(OLDER, name))
}

/// Claims that no Python, old or new, has a builtin called `name`. Those with a capital in front are exceptions and warnings, which
/// come and go; a `_` stands in front of what the language and the prompt set by themselves.
pub(super) fn is_certainly_no_builtin(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && ![BUILTINS, OTHERS, OLDER, LATER_BUILTINS].iter().any(|words| lists(words, name))
}

/// Claims that any value's method `name` is pure.
pub(super) fn is_method(name: &str) -> bool {
    lists(METHODS, name)
}

/// Claims that any value's attribute `name` is data.
pub(super) fn is_attribute(name: &str) -> bool {
    lists(ATTRIBUTES, name) || name == "__name__"
}

fn modules(is_three: bool) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    MODULES.iter().chain(LATER.iter().filter(move |_| is_three))
}

/// Claims that `path` is a module, or what a listed module lies in.
pub(super) fn is_module(path: &str, is_three: bool) -> bool {
    modules(is_three).any(|(module, _)| {
        *module == path || module.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Claims that the module may have to ask `uname -p`, which is the one program that a listed name runs (Python before 3.9 as soon
/// as `uuid` is loaded).
pub(super) fn asks_uname(module: &str) -> bool {
    matches!(module, "platform" | "uuid")
}

/// Claims that `path` is a listed function, type or constant of a module.
pub(super) fn is_listed(path: &str, is_three: bool) -> bool {
    let Some((module, name)) = path.rsplit_once('.') else { return false };
    let found = modules(is_three).find(|(listed, _)| *listed == module);
    found.is_some_and(|(_, names)| (*names == "*" && !name.starts_with('_')) || lists(names, name))
}

/// Claims that this is the name of a module of the standard library that starts programs, writes files, speaks over the network or loads code.
pub(super) fn is_acting_module(name: &str) -> bool {
    const ACTING: [&str; 26] = [
        "asyncio",
        "builtins",
        "code",
        "codecs",
        "ctypes",
        "ftplib",
        "http",
        "importlib",
        "io",
        "multiprocessing",
        "os",
        "pathlib",
        "pickle",
        "posix",
        "pty",
        "runpy",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "subprocess",
        "sys",
        "tempfile",
        "urllib",
        "webbrowser",
    ];
    ACTING.contains(&name)
}
