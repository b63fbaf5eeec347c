// A sorted map whose copies share their entries, so that a snapshot of a database with hundreds of
// thousands of entries costs a few pointers and a change costs one chunk.
// A copy is a snapshot. Readers may use copies from any thread; one object is changed by one
// thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kc::local {

template <typename Key, typename Value>
class PersistentMap {
  // Small enough that copying one is cheap, large enough that the list of chunks stays short.
  static constexpr size_t kMaxChunk = 128;
  struct Chunk {
    uint64_t editor = 0;  // the map that made it and may change it; 0: shared for good
    std::vector<std::pair<Key, Value>> entries;
  };
  using ChunkPtr = std::shared_ptr<Chunk>;

 public:
  class Iterator {
   public:
    Iterator(const std::vector<ChunkPtr>* chunks, size_t chunk) : chunks_(chunks), chunk_(chunk) {}
    const std::pair<Key, Value>& operator*() const { return (*chunks_)[chunk_]->entries[entry_]; }
    const std::pair<Key, Value>* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++entry_ == (*chunks_)[chunk_]->entries.size()) {
        ++chunk_;
        entry_ = 0;
      }
      return *this;
    }
    bool operator==(const Iterator& other) const {
      return chunk_ == other.chunk_ && entry_ == other.entry_;
    }

   private:
    const std::vector<ChunkPtr>* chunks_;
    size_t chunk_;
    size_t entry_ = 0;
  };

  PersistentMap() = default;
  // The copy shares all chunks; the first change of either copies the chunk it touches.
  PersistentMap(const PersistentMap& other) : chunks_(other.chunks_), size_(other.size_) {
    other.editor_.store(0, std::memory_order_relaxed);
  }
  PersistentMap& operator=(const PersistentMap& other) {
    if (this != &other) {
      chunks_ = other.chunks_;
      size_ = other.size_;
      editor_.store(0, std::memory_order_relaxed);
      other.editor_.store(0, std::memory_order_relaxed);
    }
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Iterator begin() const { return Iterator(&chunks_, 0); }
  Iterator end() const { return Iterator(&chunks_, chunks_.size()); }

  // Null if the key isn't there. K: anything that compares with Key.
  template <typename K>
  const Value* Find(const K& key) const {
    size_t chunk = ChunkOf(key);
    if (chunk == chunks_.size()) return nullptr;
    const auto& entries = chunks_[chunk]->entries;
    auto it = Position(entries, key);
    return it != entries.end() && !(key < it->first) ? &it->second : nullptr;
  }

  // Inserts or replaces.
  void Set(const Key& key, Value value) {
    size_t index = ChunkOf(key);
    if (index == chunks_.size()) {
      if (chunks_.empty()) {
        chunks_.push_back(NewChunk({}));
      } else {
        --index;  // greater than all keys: at the end of the last chunk
      }
    }
    auto& entries = Own(index).entries;
    auto it = Position(entries, key);
    if (it != entries.end() && !(key < it->first)) {
      it->second = std::move(value);
      return;
    }
    entries.insert(it, {key, std::move(value)});
    ++size_;
    if (entries.size() > kMaxChunk) SplitChunk(index);
  }

  // Returns whether the key was there.
  template <typename K>
  bool Erase(const K& key) {
    size_t index = ChunkOf(key);
    if (index == chunks_.size()) return false;
    const auto& shared = chunks_[index]->entries;
    auto found = Position(shared, key);
    if (found == shared.end() || key < found->first) return false;
    size_t offset = static_cast<size_t>(found - shared.begin());
    auto& entries = Own(index).entries;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(offset));
    if (entries.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
    --size_;
    return true;
  }

 private:
  template <typename Entries, typename K>
  static auto Position(Entries& entries, const K& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const auto& entry, const K& k) { return entry.first < k; });
  }
  // The first chunk whose last key is not less than `key`.
  template <typename K>
  size_t ChunkOf(const K& key) const {
    auto it = std::lower_bound(
        chunks_.begin(), chunks_.end(), key,
        [](const ChunkPtr& chunk, const K& k) { return chunk->entries.back().first < k; });
    return static_cast<size_t>(it - chunks_.begin());
  }
  uint64_t Editor() {
    static std::atomic<uint64_t> next{1};
    uint64_t editor = editor_.load(std::memory_order_relaxed);
    if (editor == 0) {
      editor = next.fetch_add(1, std::memory_order_relaxed);
      editor_.store(editor, std::memory_order_relaxed);
    }
    return editor;
  }
  ChunkPtr NewChunk(std::vector<std::pair<Key, Value>> entries) {
    auto chunk = std::make_shared<Chunk>();
    chunk->editor = Editor();
    chunk->entries = std::move(entries);
    return chunk;
  }
  Chunk& Own(size_t index) {
    ChunkPtr& chunk = chunks_[index];
    if (chunk->editor != Editor()) chunk = NewChunk(chunk->entries);
    return *chunk;
  }
  void SplitChunk(size_t index) {
    auto& entries = chunks_[index]->entries;
    // Keys that only grow (the usual case) leave full chunks behind.
    auto middle = entries.begin() + static_cast<std::ptrdiff_t>(index + 1 == chunks_.size()
                                                                    ? entries.size() - 1
                                                                    : entries.size() / 2);
    std::vector<std::pair<Key, Value>> tail(std::make_move_iterator(middle),
                                            std::make_move_iterator(entries.end()));
    entries.erase(middle, entries.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
                   NewChunk(std::move(tail)));
  }

  std::vector<ChunkPtr> chunks_;
  size_t size_ = 0;
  // Which chunks this object may change in place; copying takes that right away from both.
  mutable std::atomic<uint64_t> editor_{0};
};

}  // namespace kc::local
