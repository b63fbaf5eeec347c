"""Values on which copies fail: the extremes of every type and what formats tend to lose."""

COLUMNS = [("id", "long"), ("b", "bool"), ("i", "int"), ("l", "long"), ("r", "real"),
           ("d", "decimal"), ("t", "datetime"), ("s", "timespan"), ("g", "guid"), ("x", "string"),
           ("j", "dynamic")]

SCHEMA = ", ".join(f"{name}:{kind}" for name, kind in COLUMNS)

_NULLS = ("bool(null)", "int(null)", "long(null)", "real(null)", "decimal(null)", "datetime(null)",
          "timespan(null)", "guid(null)", '""', "dynamic(null)")

ROWS = [
    _NULLS,
    ("true", "int(2147483647)", "long(9223372036854775807)", "real(1.7976931348623157e308)",
     "decimal(9999999999999999999999999999999999)", "datetime(9999-12-31T23:59:59.9999999)",
     "timespan(10675199.02:48:05.4775807)", "guid(ffffffff-ffff-ffff-ffff-ffffffffffff)",
     r'"quote \" backslash \\ tab \t newline \n return \r end"',
     'dynamic({"a":[1,2.5,"x",null,true,{"b":{"c":[[],{}]}}],"Ключ":"значение"})'),
    ("false", "int(-2147483648)", "long(-9223372036854775808)", "real(-1.7976931348623157e308)",
     "decimal(-0.0000000000000000000000000000000001)", "datetime(0001-01-01)",
     "timespan(-10675199.02:48:05.4775808)", "guid(00000000-0000-0000-0000-000000000000)",
     r'"emoji 🌍👩‍🚀 combining é zero\u0000width"', "dynamic([])"),
    ("true", "int(0)", "long(0)", "real(nan)", "decimal(0)",
     "datetime(1970-01-01T00:00:00.0000001)", "1tick",
     "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", '" "', 'dynamic("")'),
    ("false", "int(-1)", "long(-1)", "real(+inf)", "decimal(0.1)",
     "datetime(2024-02-29T12:34:56.1234567)", "-1tick",
     "guid(01234567-89ab-cdef-0123-456789abcdef)", r'"a,b;c|d\re,\"f\"\n\n"', 'dynamic("123")'),
    ("true", "int(1)", "long(9007199254740993)", "real(-inf)",
     "decimal(1234567890123456789012345678901234)", "datetime(1601-01-01T00:00:00.9999999)",
     "timespan(1.02:03:04.0000005)", "guid(10000000-0000-0000-0000-000000000001)",
     r"""'single \' and "double"'""", "dynamic(123)"),
    ("true", "int(42)", "long(42)", "real(5e-324)", "decimal(3.141592653589793238462643383279503)",
     "datetime(2020-01-01)", "time(0s)", "guid(20000000-0000-0000-0000-000000000002)",
     '"null"', 'dynamic("null")'),
    ("false", "int(7)", "long(7)", "real(0.1)", "decimal(100)", "datetime(1899-12-30T00:00:00.5)",
     "365000d", "guid(30000000-0000-0000-0000-000000000003)",
     r'"\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\f\u001f\u007f"',
     'dynamic({"":"","n":null,"num":1e300,"big":9223372036854775807,"esc":"\\"\\\\\\n\\u0001"})'),
    ("true", "int(8)", "long(8)", "real(0.30000000000000004)", "decimal(-1)",
     "datetime(2038-01-19T03:14:08)", "12345.06:07:08.9101112",
     "guid(40000000-0000-0000-0000-000000000004)", "'{\"json\":\"as text\"}'",
     "dynamic([[[[[[1]]]]]])"),
    ("true", "int(9)", "long(1)", "real(1)", "decimal(1.50)", "datetime(2024-01-01T00:00:00.1)",
     "500ms", "guid(50000000-0000-0000-0000-000000000005)", "'2024-01-01'", "dynamic(true)"),
]


def _literal(value):
    if value[0] in "-0123456789" and not value.startswith(("timespan", "time(")):
        return f"timespan({value})" if ":" in value else value
    return value


def datatable():
    """A KQL datatable with all rows, ids from 0."""
    rows = [f"long({i}), " + ", ".join(_literal(v) for v in row) for i, row in enumerate(ROWS)]
    return f"datatable({SCHEMA}) [\n" + ",\n".join(rows) + "]"
