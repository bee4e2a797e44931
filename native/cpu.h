// What this CPU can do, and its system lets it do.
#ifndef ARTEM_CPU_H
#define ARTEM_CPU_H

namespace artem {

bool cpu_has_avx2();
bool cpu_has_avx512bw();
bool cpu_has_avx512vpopcntdq();
bool cpu_has_neon();

}  // namespace artem

#endif
