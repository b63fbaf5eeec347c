// The rows of the registry (functions.h) that are no functions of KQL: operators, implicit
// conversions and a few helpers of the emitted SQL. They are found by name like functions, e.g.
// name "op:has". Arguments given to a template must have exactly the type that the row names: wrap
// them in "cast:<type>" first. Templates put parentheses around what they emit and around nothing
// else: an argument's SQL must bind tighter than any operator ((…), f(…), a name, a literal).
//
// $1 … are arguments, $* all of them, $+ all but the first, separated by commas.
//
//   op:+ op:- op:* op:/ op:% op:neg      arithmetic, per pair of types
//   op:== op:!= op:< op:<= op:> op:>=    with Kusto's rules for null and NaN (kql.md C3, C4)
//   where:== where:< …                   the same for a positive conjunct of a filter, where false
//                                        and null are alike: plain comparisons, so that DuckDB can
//                                        leave out row groups. Not every pair of types has a row:
//                                        then use "op:".
//   op:=~ op:!~ op:has op:!has_cs …      the string operators, spelled as OpName() does
//   op:in op:!in where:in                $1 and one or more elements of the same type as $1
//                                        ($1 IN ($+)); never pass a null element
//   op:in~ op:!in~                       $1 and a dynamic array (build it with array:make)
//   op:has_any op:has_all                $1 and a dynamic array
//   op:in_array op:!in_array             "any" left side and a dynamic array
//   op:between op:!between where:between $1, $2, $3 of one type
//   op:index                             d[i], d["a"]: dynamic and long or string → dynamic
//   op:and op:or op:not                  SQL's three-valued logic
//   cast:<type>                          int→long→real→decimal, dynamic → the type of its leaf,
//                                        and any type → dynamic
//   array:make                           any number of arguments → dynamic array (pack_array too)
//   order:<type>                         a sort key of the column where the type does not sort by
//                                        itself (decimal); else $1. NaN sorts with null: see
//                                        orderflag:real
//   orderflag:real                       true where a real sorts as null does
//
// A name that has no row is not supported for these types.
#pragma once
