#!/bin/sh
# Two hosts on one machine: network and host names of their own, joined by a wire, as on a cluster. Runs a command on two
# ranks a host, says what went over the wire, and takes everything away again. With Open MPI all messages are TCP; with MPICH,
# UCX sees that the hosts are one machine, and may pass some through its shared memory. Needs Linux, root, ip (Debian:
# iproute2), unshare, and the MPI runtime.
#
#   scripts/try-hosts.sh open-mpi|mpich COMMAND...
#
#   scripts/try-hosts.sh open-mpi node bin/gossamer.mjs infer network.safetensors --input rows.tsv
#
# Launchers reach the other host with ssh; this script stands in for it, called as ssh would be: `-x HOST COMMAND`.

set -eu

A=10.77.0.1
B=10.77.0.2

# enter ADDRESS COMMAND...: on the host of that address. A host that is left by its last process is gone.
enter() {
  case $1 in
  "$A") host=a ;;
  "$B") host=b ;;
  *)
    echo "try-hosts: $1 is neither $A nor $B" >&2
    exit 2
    ;;
  esac
  shift
  exec ip netns exec "$GOSSAMER_HOSTS-$host" unshare --uts sh -c "hostname gossamer-$host && exec \"\$@\"" sh "$@"
}

if [ "${1-}" = -x ]; then
  address=$2
  shift
  shift
  enter "$address" sh -c "$*"
fi

if [ $# -lt 2 ]; then
  echo "usage: try-hosts.sh open-mpi|mpich COMMAND..." >&2
  exit 2
fi
family=$1
shift
agent="$(cd "$(dirname "$0")" && pwd)/try-hosts.sh"

GOSSAMER_HOSTS=gossamer-$$
export GOSSAMER_HOSTS
job=
remove() {
  trap '' INT TERM
  if [ -n "$job" ]; then kill -TERM "$job" 2>/dev/null || true; fi
  for host in a b; do
    ip netns pids "$GOSSAMER_HOSTS-$host" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    ip netns delete "$GOSSAMER_HOSTS-$host" 2>/dev/null || true
  done
}
trap remove EXIT
# Signals are heard at once, since the job runs in the background.
trap 'exit 130' INT
trap 'exit 143' TERM

for host in a b; do
  ip netns add "$GOSSAMER_HOSTS-$host"
  ip -n "$GOSSAMER_HOSTS-$host" link set lo up
done
ip link add wire netns "$GOSSAMER_HOSTS-a" type veth peer name wire netns "$GOSSAMER_HOSTS-b"
ip -n "$GOSSAMER_HOSTS-a" address add "$A/24" dev wire
ip -n "$GOSSAMER_HOSTS-b" address add "$B/24" dev wire
for host in a b; do ip -n "$GOSSAMER_HOSTS-$host" link set wire up; done

# Debian gives each launcher a name of its own.
mpiexec=$(command -v "mpiexec.$(echo "$family" | tr -d -)" || command -v mpiexec)

case $family in
open-mpi)
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
  (enter "$A" "$mpiexec" --host "$A:2,$B:2" -n 4 --bind-to none --mca plm_rsh_agent "$agent -x" \
    --mca pml ob1 --mca btl tcp,self ${TRY_HOSTS_OPTIONS-} "$@") &
  ;;
mpich)
  # With tcp alone UCX finds no way to the other ranks in most runs.
  (UCX_TLS=tcp,self,sysv && export UCX_TLS && enter "$A" "$mpiexec" -hosts "$A:2,$B:2" -n 4 -launcher ssh \
    -launcher-exec "$agent" ${TRY_HOSTS_OPTIONS-} "$@") &
  ;;
*)
  echo "try-hosts: $family is neither open-mpi nor mpich" >&2
  exit 2
  ;;
esac
job=$!
status=0
wait "$job" || status=$?
job=

for host in a b; do
  sent=$(ip netns exec "$GOSSAMER_HOSTS-$host" cat /sys/class/net/wire/statistics/tx_bytes 2>/dev/null || echo ?)
  echo "try-hosts: gossamer-$host sent $sent bytes over the wire" >&2
done
exit "$status"
