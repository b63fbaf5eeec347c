// One entry per file of functions.
#pragma once

namespace kc::engine::udf {

class Registrar;

void AddAggregates(Registrar& registrar);
void AddConversions(Registrar& registrar);
void AddDateTimes(Registrar& registrar);
void AddDecimals(Registrar& registrar);
void AddDistributions(Registrar& registrar);
void AddDynamics(Registrar& registrar);
void AddEncodings(Registrar& registrar);
void AddExpand(Registrar& registrar);
void AddGeo(Registrar& registrar);
void AddGeoCells(Registrar& registrar);
void AddGeoH3(Registrar& registrar);
void AddGeoShapes(Registrar& registrar);
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
void AddUnits(Registrar& registrar);

// clang-format off
inline constexpr void (*kFamilies[])(Registrar&) = {
    AddAggregates,
    AddConversions,
    AddDateTimes,
    AddDecimals,
    AddDistributions,
    AddDynamics,
    AddEncodings,
    AddExpand,
    AddGeo,
    AddGeoCells,
    AddGeoH3,
    AddGeoShapes,
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
    AddUnits,
};
// clang-format on

}  // namespace kc::engine::udf
