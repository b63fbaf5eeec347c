// One entry per file of functions.
#pragma once

namespace kc::engine::udf {

class Registrar;

void AddAggregates(Registrar& registrar);
void AddConversions(Registrar& registrar);
void AddDateTimes(Registrar& registrar);
void AddDecimals(Registrar& registrar);
void AddDynamics(Registrar& registrar);
void AddExpand(Registrar& registrar);
void AddGeo(Registrar& registrar);
void AddGeoCells(Registrar& registrar);
void AddHashes(Registrar& registrar);
void AddNetwork(Registrar& registrar);
void AddIngest(Registrar& registrar);
void AddMakeSet(Registrar& registrar);
void AddNumbers(Registrar& registrar);
void AddParseKv(Registrar& registrar);
void AddRegex(Registrar& registrar);
void AddRowHash(Registrar& registrar);
void AddSeries(Registrar& registrar);
void AddSeriesModels(Registrar& registrar);
void AddSets(Registrar& registrar);
void AddSketches(Registrar& registrar);
void AddStrings(Registrar& registrar);
void AddTerms(Registrar& registrar);

// clang-format off
inline constexpr void (*kFamilies[])(Registrar&) = {
    AddAggregates,
    AddConversions,
    AddDateTimes,
    AddDecimals,
    AddDynamics,
    AddExpand,
    AddGeo,
    AddGeoCells,
    AddHashes,
    AddNetwork,
    AddIngest,
    AddMakeSet,
    AddNumbers,
    AddParseKv,
    AddRegex,
    AddRowHash,
    AddSeries,
    AddSeriesModels,
    AddSets,
    AddSketches,
    AddStrings,
    AddTerms,
};
// clang-format on

}  // namespace kc::engine::udf
