// A process's ends of the wire.
#pragma once

#include <memory>

#include "azure/object_store.h"
#include "kusto/client.h"
#include "wire.h"

namespace kc::sim {

std::unique_ptr<kusto::Client> MakeClient(Process& process, Party party);
std::unique_ptr<azure::ObjectStore> MakeLake(Process& process);
// Connects a world's lake with its network: once, when the world is made.
class World;
void ConnectLake(World& world);

}  // namespace kc::sim
