// The string operators. A term match (has) is a match of the needle such that, where the needle
// begins or ends with a letter or digit, no letter or digit stands next to it in the text.
#include <cstring>

#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/real_text.h"
#include "engine/udf/udf.h"
#include "engine/udf/utf8.h"

namespace kc::engine::udf {
namespace {

// ASCII bytes folded to lower case; others as they are.
struct FoldTable {
  unsigned char fold[256];
  constexpr FoldTable() : fold() {
    for (int i = 0; i < 256; ++i) {
      fold[i] = static_cast<unsigned char>(i >= 'A' && i <= 'Z' ? i + 32 : i);
    }
  }
};
constexpr FoldTable kFold;

unsigned char Fold(char c) {
  return kFold.fold[static_cast<unsigned char>(c)];
}

bool AlphanumericAt(std::string_view text, size_t at) {
  return IsAlphanumeric(DecodeUtf8(text, at).value);
}

bool AlphanumericBefore(std::string_view text, size_t at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return AlphanumericAt(text, at);
}

// What a search needs to know of its needle; kept while the needle stays the same.
struct Needle {
  std::string original;
  std::string folded;  // lower case if case doesn't matter
  bool ignore_case = false;
  bool ascii = true;
  bool starts_alphanumeric = false;
  bool ends_alphanumeric = false;
  bool ready = false;

  void Set(std::string_view text, bool fold) {
    if (ready && fold == ignore_case && text == original) return;
    original = text;
    ignore_case = fold;
    folded.clear();
    fold ? AppendFolded(folded, text) : void(folded = text);
    ascii = IsAscii(text);
    starts_alphanumeric = !text.empty() && AlphanumericAt(text, 0);
    ends_alphanumeric = !text.empty() && AlphanumericBefore(text, text.size());
    ready = true;
  }
};

struct Bounds {
  bool start;
  bool end;
};

bool BoundsHold(std::string_view text, size_t at, size_t end, const Needle& needle, Bounds bounds) {
  if (bounds.start && needle.starts_alphanumeric && at > 0 && AlphanumericBefore(text, at)) {
    return false;
  }
  return !(bounds.end && needle.ends_alphanumeric && end < text.size() &&
           AlphanumericAt(text, end));
}

bool FindExact(std::string_view text, const Needle& needle, Bounds bounds) {
  const std::string_view what = needle.folded;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    if (BoundsHold(text, at, at + what.size(), needle, bounds)) return true;
  }
  return false;
}

bool FindFoldedAscii(std::string_view text, const Needle& needle, Bounds bounds) {
  const std::string_view what = needle.folded;
  const auto first = static_cast<unsigned char>(what[0]);
  for (size_t at = 0; at + what.size() <= text.size(); ++at) {
    if (Fold(text[at]) != first) continue;
    size_t i = 1;
    while (i < what.size() && Fold(text[at + i]) == static_cast<unsigned char>(what[i])) ++i;
    if (i == what.size() && BoundsHold(text, at, at + i, needle, bounds)) return true;
  }
  return false;
}

bool Find(std::string_view text, const Needle& needle, Bounds bounds) {
  if (needle.folded.empty()) return true;
  if (!needle.ignore_case) return FindExact(text, needle, bounds);
  if (needle.ascii) {
    if (text.size() < needle.folded.size()) return false;
    return FindFoldedAscii(text, needle, bounds);
  }
  thread_local std::string folded;
  folded.clear();
  AppendFolded(folded, text);
  return FindExact(folded, needle, bounds);
}

// One function per operator; the needle is usually the same for a whole chunk.
template <bool kIgnoreCase, bool kStart, bool kEnd>
void AddSearch(Registrar& r, const char* name) {
  r.Add(name, [](Text text, Text needle_text) {
    thread_local Needle needle;
    needle.Set(needle_text, kIgnoreCase);
    return Find(text, needle, {kStart, kEnd});
  });
}

bool EqualsFolded(std::string_view a, std::string_view b) {
  if (a.size() == b.size()) {
    size_t i = 0;
    while (i < a.size() && Fold(a[i]) == Fold(b[i])) ++i;
    if (i == a.size()) return true;
  }
  if (IsAscii(a) || IsAscii(b)) return false;
  std::string x, y;
  AppendFolded(x, a);
  AppendFolded(y, b);
  return x == y;
}

bool StartsFolded(std::string_view text, std::string_view prefix) {
  if (IsAscii(prefix)) {
    return text.size() >= prefix.size() && EqualsFolded(text.substr(0, prefix.size()), prefix);
  }
  std::string x, y;
  AppendFolded(x, text);
  AppendFolded(y, prefix);
  return x.starts_with(y);
}

bool EndsFolded(std::string_view text, std::string_view suffix) {
  if (IsAscii(suffix)) {
    return text.size() >= suffix.size() &&
           EqualsFolded(text.substr(text.size() - suffix.size()), suffix);
  }
  std::string x, y;
  AppendFolded(x, text);
  AppendFolded(y, suffix);
  return x.ends_with(y);
}

// The texts of a dynamic array (or of a single value); kept while the array stays the same.
struct TextList {
  std::string source;
  std::vector<std::string> texts;
  std::vector<Needle> needles;
  bool ready = false;

  void Set(std::string_view json) {
    if (ready && json == source) return;
    source = json;
    texts.clear();
    needles.clear();
    if (KindOf(json) == JsonKind::kArray) {
      for (const std::string_view element : JsonElements(json)) AddText(element);
    } else {
      AddText(json);
    }
    ready = true;
  }
  void AddText(std::string_view json) {
    if (IsJsonNull(json)) return;
    texts.push_back(KindOf(json) == JsonKind::kString ? JsonUnquote(json) : std::string(json));
    needles.emplace_back().Set(texts.back(), true);
  }
};

void AddLists(Registrar& r) {
  r.Add("kql_has_any", [](Text text, Dyn list) {
    thread_local TextList any;
    any.Set(list.text);
    for (const Needle& needle : any.needles) {
      if (Find(text, needle, {true, true})) return true;
    }
    return false;
  });
  r.Add("kql_has_all", [](Text text, Dyn list) {
    thread_local TextList all;
    all.Set(list.text);
    for (const Needle& needle : all.needles) {
      if (!Find(text, needle, {true, true})) return false;
    }
    return true;
  });
  // The index of the first text of the list that has a match, or -1.
  r.Add("kql_has_any_index", [](Text text, Dyn list) -> int64_t {
    thread_local TextList any;
    any.Set(list.text);
    for (size_t i = 0; i < any.needles.size(); ++i) {
      if (Find(text, any.needles[i], {true, true})) return static_cast<int64_t>(i);
    }
    return -1;
  });
  r.Add("kql_in_ci", [](Text text, Dyn list) {
    thread_local TextList any;
    any.Set(list.text);
    for (const std::string& element : any.texts) {
      if (EqualsFolded(text, element)) return true;
    }
    return false;
  });
  r.Add("kql_in_array", [](Text text, std::optional<Dyn> list) {
    if (!list) return false;
    thread_local TextList any;
    any.Set(list->text);
    for (const std::string& element : any.texts) {
      if (text == element) return true;
    }
    return false;
  });
  r.Add("kql_in_array_real", [](std::optional<double> value, std::optional<Dyn> list) {
    if (!value || !list) return false;
    thread_local TextList any;
    any.Set(list->text);
    for (const std::string& element : any.texts) {
      if (TextToReal(element) == value) return true;
    }
    return false;
  });
}

}  // namespace

void AddTerms(Registrar& r) {
  AddSearch<true, true, true>(r, "kql_has");
  AddSearch<false, true, true>(r, "kql_has_cs");
  AddSearch<true, true, false>(r, "kql_hasprefix");
  AddSearch<false, true, false>(r, "kql_hasprefix_cs");
  AddSearch<true, false, true>(r, "kql_hassuffix");
  AddSearch<false, false, true>(r, "kql_hassuffix_cs");
  AddSearch<true, false, false>(r, "kql_contains");
  r.Add("kql_eq_ci", [](Text a, Text b) { return EqualsFolded(a, b); });
  r.Add("kql_startswith", [](Text text, Text prefix) { return StartsFolded(text, prefix); });
  r.Add("kql_endswith", [](Text text, Text suffix) { return EndsFolded(text, suffix); });
  AddLists(r);
}

}  // namespace kc::engine::udf
