#include "local/server/api_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "local/catalog/cluster.h"

namespace kc::local {
namespace {

constexpr std::string_view kBadRequest = "General_BadRequest";
constexpr std::string_view kLocalPrincipal = "aadapp=kusto-local;local";

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

const Json* FindIgnoringCase(const Json& object, std::string_view name) {
  for (const auto& item : object.items()) {
    if (EqualsIgnoreCase(item.key(), name)) return &item.value();
  }
  return nullptr;
}

Status ReadProperties(const Json& value, RequestOptions& out) {
  if (value.is_null()) return {};
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (Trim(text).empty()) return {};
    auto parsed = ParseJson(text);
    if (!parsed || !parsed->is_object()) {
      return Stop("Request 'properties' is no JSON object", std::string(kBadRequest));
    }
    return ReadProperties(*parsed, out);
  }
  if (!value.is_object()) {
    return Stop("Request 'properties' is no JSON object", std::string(kBadRequest));
  }
  if (const Json* options = FindIgnoringCase(value, "Options");
      options != nullptr && options->is_object()) {
    for (const auto& item : options->items()) {
      if (!item.value().is_null()) out.options[ToLowerAscii(item.key())] = TextOf(item.value());
    }
  }
  if (const Json* parameters = FindIgnoringCase(value, "Parameters");
      parameters != nullptr && parameters->is_object()) {
    for (const auto& item : parameters->items()) {
      out.parameters[item.key()] = TextOf(item.value());
    }
  }
  const Json* id = FindIgnoringCase(value, "ClientRequestId");
  if (id != nullptr && id->is_string() && out.client_request_id.starts_with("unspecified;")) {
    out.client_request_id = id->get<std::string>();
  }
  return {};
}

Result<ApiRequest> ReadGet(const http::ServerRequest& request, RequestOptions headers) {
  ApiRequest api;
  api.options = std::move(headers);
  const auto value = [&](const char* name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
  };
  api.database = value("db");
  api.text = value("csl");
  KC_TRY(ReadProperties(Json(value("properties")), api.options));
  return api;
}

Result<ApiRequest> ReadPost(const http::ServerRequest& request, RequestOptions headers) {
  auto parsed = ParseJson(request.body);
  if (!parsed) {
    return Stop("Request body is no JSON: " + parsed.error().message, std::string(kBadRequest));
  }
  if (!parsed->is_object()) {
    return Stop("Request body must be a JSON object with 'csl' and 'db'", std::string(kBadRequest));
  }
  ApiRequest api;
  api.options = std::move(headers);
  const Json* text = FindIgnoringCase(*parsed, "csl");
  if (text != nullptr && text->is_string()) api.text = text->get<std::string>();
  const Json* database = FindIgnoringCase(*parsed, "db");
  if (database != nullptr && database->is_string()) api.database = database->get<std::string>();
  if (const Json* properties = FindIgnoringCase(*parsed, "properties")) {
    KC_TRY(ReadProperties(*properties, api.options));
  }
  return api;
}

}  // namespace

RequestOptions ReadHeaders(const http::ServerRequest& request, world::Random& random) {
  RequestOptions out;
  out.client_request_id = std::string(world::FindHeader(request.headers, "x-ms-client-request-id"));
  if (out.client_request_id.empty()) out.client_request_id = "unspecified;" + random.Guid();
  out.activity_id = random.Guid();
  out.application = std::string(world::FindHeader(request.headers, "x-ms-app"));
  out.user = std::string(world::FindHeader(request.headers, "x-ms-user"));
  out.principal = std::string(kLocalPrincipal);
  for (const auto& [name, value] : request.headers) {
    if (EqualsIgnoreCase(name, "x-ms-readonly")) out.read_only = true;
  }
  return out;
}

Result<ApiRequest> ReadApiRequest(const http::ServerRequest& request, RequestOptions headers) {
  KC_ASSIGN(ApiRequest api, request.method == "GET" ? ReadGet(request, std::move(headers))
                                                    : ReadPost(request, std::move(headers)));
  if (Trim(api.text).empty()) {
    return Stop("Request has no query or command: 'csl' is missing or empty",
                std::string(kBadRequest));
  }
  if (!IsValidUtf8(api.text)) {
    return Stop("Request text is no valid UTF-8", std::string(kBadRequest));
  }
  if (api.database.empty()) api.database = std::string(kDefaultDatabase);
  for (const char* name : {"request_readonly", "request_readonly_hardline"}) {
    const auto found = api.options.options.find(name);
    if (found != api.options.options.end() && EqualsIgnoreCase(found->second, "true")) {
      api.options.read_only = true;
    }
  }
  return api;
}

}  // namespace kc::local
