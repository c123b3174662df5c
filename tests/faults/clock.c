/* Preloaded into a process, it adds the seconds that stand in the file TEST_CLOCK to the right time.
 *
 * The file can be rewritten at any moment: the clock jumps. Only the time of day does; the clock
 * that measures how long something took goes on, as in a real process. (libfaketime 0.9.10 breaks
 * Python's time.sleep when asked for that.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t seconds_ahead(void)
{
    static volatile int64_t *file;
    if (!file) {
        int opened = open(getenv("TEST_CLOCK"), O_RDONLY);
        file = mmap(NULL, sizeof *file, PROT_READ, MAP_SHARED, opened, 0);
        close(opened);
    }
    return *file;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds_ahead();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *kept)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept)
        *kept = now.tv_sec;
    return now.tv_sec;
}
