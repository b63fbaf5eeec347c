// Addresses, URLs, paths, versions.
#include "kql/functions_tables.h"

namespace kc::kql {
namespace {

constexpr ScalarFunction kRows[] = {
    {"parse_ipv4", "string", "long", "kql_parse_ipv4($1)"},
    {"parse_ipv4_mask", "string,long", "long", "kql_parse_ipv4_mask($1, $2)"},
    {"ipv4_compare", "string,string", "long", "kql_ipv4_compare($1, $2, 32)"},
    {"ipv4_compare", "string,string,long", "long", "kql_ipv4_compare($1, $2, $3)"},
    {"ipv4_is_match", "string,string", "bool", "(kql_ipv4_compare($1, $2, 32) = 0)"},
    {"ipv4_is_match", "string,string,long", "bool", "(kql_ipv4_compare($1, $2, $3) = 0)"},
    {"ipv4_is_in_range", "string,string", "bool", "kql_ipv4_is_in_range($1, $2)"},
    {"ipv4_is_in_any_range", "string,packed...", "bool",
     "kql_ipv4_is_in_any_range($1, kql_array_make($+))"},
    {"ipv6_compare", "string,string", "long", "kql_ipv6_compare($1, $2, 128)"},
    {"ipv6_compare", "string,string,long", "long", "kql_ipv6_compare($1, $2, $3)"},
    {"ipv6_is_match", "string,string", "bool", "(kql_ipv6_compare($1, $2, 128) = 0)"},
    {"ipv6_is_match", "string,string,long", "bool", "(kql_ipv6_compare($1, $2, $3) = 0)"},
    {"ipv6_is_in_range", "string,string", "bool", "kql_ipv6_is_in_range($1, $2)"},
    {"ipv6_is_in_any_range", "string,packed...", "bool",
     "kql_ipv6_is_in_any_range($1, kql_array_make($+))"},
    {"ipv4_is_private", "string", "bool", "kql_ipv4_is_private($1)"},
    {"ipv4_range_to_cidr_list", "string,string", "dynamic", "kql_ipv4_range_to_cidr_list($1, $2)"},
    {"ipv4_netmask_suffix", "string", "long", "kql_ipv4_netmask_suffix($1)"},
    {"format_ipv4", "string", "string", "kql_format_ipv4($1, 32, false)"},
    {"format_ipv4", "string,long", "string", "kql_format_ipv4($1, $2, false)"},
    {"format_ipv4", "long", "string", "kql_format_ipv4_number($1, 32, false)"},
    {"format_ipv4", "long,long", "string", "kql_format_ipv4_number($1, $2, false)"},
    {"format_ipv4_mask", "string", "string", "kql_format_ipv4($1, 32, true)"},
    {"format_ipv4_mask", "string,long", "string", "kql_format_ipv4($1, $2, true)"},
    {"format_ipv4_mask", "long", "string", "kql_format_ipv4_number($1, 32, true)"},
    {"format_ipv4_mask", "long,long", "string", "kql_format_ipv4_number($1, $2, true)"},
    {"parse_ipv6", "string", "string", "kql_parse_ipv6($1, 128)"},
    {"parse_ipv6_mask", "string,long", "string", "kql_parse_ipv6($1, $2)"},
    {"has_ipv4", "string,string", "bool", "kql_has_ipv4($1, $2)"},
    {"has_ipv4_prefix", "string,string", "bool", "kql_has_ipv4_prefix($1, $2)"},
    {"has_any_ipv4", "string,packed...", "bool", "kql_has_any_ipv4($1, kql_array_make($+))"},
    {"has_any_ipv4_prefix", "string,packed...", "bool",
     "kql_has_any_ipv4_prefix($1, kql_array_make($+))"},
    {"parse_url", "string", "dynamic", "kql_parse_url($1)"},
    {"parse_urlquery", "string", "dynamic", "kql_parse_urlquery($1)"},
    {"parse_path", "string", "dynamic", "kql_parse_path($1)"},
    {"parse_csv", "string", "dynamic", "kql_parse_csv($1)"},
    {"parseurl", "string", "dynamic", "kql_parse_url($1)"},
    {"parse_version", "string", "decimal", "kql_parse_version($1)"},
};

}  // namespace

std::span<const ScalarFunction> NetworkRows() {
  return kRows;
}

}  // namespace kc::kql
