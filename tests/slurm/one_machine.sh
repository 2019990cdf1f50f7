#!/usr/bin/env bash
# A Slurm of two nodes, n1 and n2, that are both this machine: a controller, two slurmd, munge; no systemd.
#
#   one_machine.sh why-not       why it cannot be set up here; nothing, with status 0, where it can
#   one_machine.sh up            start it and wait until both nodes are idle
#   one_machine.sh cut NODE      what a power cut does: the node's slurmd and all that runs on it end at once
#   one_machine.sh start NODE    switch the node on again
#   one_machine.sh down          end all of it and remove its configuration
#
# STATE is the folder for its files. With ACCOUNTING=1 there is an accounting database as well, and the controller forgets
# what has ended after two seconds. Needs root and: apt-get install --no-install-recommends slurmctld slurmd slurm-client
# munge; for accounting slurmdbd and mariadb-server too.
set -euo pipefail

STATE=${STATE:-${TMPDIR:-/tmp}/halogenator-slurm}
HOST=$(hostname -s)
# The default path: tasks of a job find it there, and not by SLURM_CONF, which the Slurm plugin takes from them.
CONFIG=/etc/slurm/slurm.conf
MARK="# Written by one_machine.sh of Halogenator's tests."

why_not() {
    [ "$(id -u)" = 0 ] || { echo "not root"; return 1; }
    for program in slurmctld slurmd sbatch munged ${ACCOUNTING:+slurmdbd mariadbd}; do
        command -v "$program" >/dev/null || { echo "$program is not installed"; return 1; }
    done
    [ "$(awk '/MemTotal/ {print $2}' /proc/meminfo)" -gt 13000000 ] || { echo "less than 13 GB of memory"; return 1; }
    if [ -e "$CONFIG" ] && ! grep -qF "$MARK" "$CONFIG"; then
        echo "there is a Slurm on this machine already ($CONFIG)"
        return 1
    fi
}

configure() {
    local memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 / 2))
    local accounting=accounting_storage/none remembered=3600
    [ -z "${ACCOUNTING:-}" ] || accounting=accounting_storage/slurmdbd remembered=2
    # Four CPUs a node, whatever the machine has. A node that is cut is missed after ten seconds, a job that takes more
    # memory than it asked for is ended at the next look, a second later.
    cat >"$CONFIG" <<END
$MARK
ClusterName=one
SlurmctldHost=$HOST(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
SlurmctldPort=16817
StateSaveLocation=$STATE/slurmctld
SlurmdSpoolDir=$STATE/%n
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/%n.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/%n.log
SlurmdParameters=config_overrides
SlurmdTimeout=10
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=$accounting
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=200000,batch_sched_delay=0
ReturnToService=2
MpiDefault=none
MinJobAge=$remembered
KillWait=5
NodeName=n1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=16821 CPUs=4 RealMemory=$memory
NodeName=n2 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=16822 CPUs=4 RealMemory=$memory
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
}

start_node() {
    mkdir -p "$STATE/$1"
    slurmd -N "$1"
}

# Runs a command again and again until it succeeds; after half a minute that is an error.
until_done() {
    for _ in $(seq 60); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    echo "not done: $*"
    tail -n 20 "$STATE"/*.log
    return 1
}

both_idle() {
    [ "$(sinfo --noheader --Node --format=%T | grep -cx idle)" = 2 ]
}

start_accounting() {
    mkdir -p "$STATE/mariadb" /run/mysqld
    chown mysql: "$STATE/mariadb" /run/mysqld
    mariadb-install-db --user=mysql --datadir="$STATE/mariadb" --skip-test-db >/dev/null 2>&1
    mariadbd --user=mysql --datadir="$STATE/mariadb" --socket="$STATE/mariadb/socket" --skip-networking \
        --pid-file="$STATE/mariadb/pid" >"$STATE/mariadbd.log" 2>&1 &
    until_done mariadb --socket="$STATE/mariadb/socket" -e "CREATE DATABASE IF NOT EXISTS accounting"
    cat >/etc/slurm/slurmdbd.conf <<END
$MARK
AuthType=auth/munge
DbdHost=localhost
DbdPort=16819
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=accounting
PidFile=$STATE/slurmdbd.pid
LogFile=$STATE/slurmdbd.log
END
    chmod 600 /etc/slurm/slurmdbd.conf
    MYSQL_UNIX_PORT="$STATE/mariadb/socket" slurmdbd
    until_done sacctmgr --immediate --quiet add cluster one
    sacctmgr --immediate --quiet add account chemistry >/dev/null
    sacctmgr --immediate --quiet add user root account=chemistry >/dev/null
}

up() {
    why_not
    rm -rf "$STATE"/{slurmctld,n1,n2,mariadb}  # jobs and accounts of an earlier one
    mkdir -p "$STATE/slurmctld" /etc/slurm
    configure
    install -d -o munge -g munge -m 0755 /run/munge
    [ -s /etc/munge/munge.key ] || mungekey --create
    pgrep -x munged >/dev/null || {
        rm -f /run/munge/munge.socket.2.lock
        install -d -o munge -g munge "$STATE/munge"
        runuser -u munge -- munged --pid-file="$STATE/munge/pid"
    }
    [ -z "${ACCOUNTING:-}" ] || start_accounting
    slurmctld
    start_node n1
    start_node n2
    until_done both_idle
}

# The process that a file names, if that is still the daemon that wrote it: numbers come round again.
running() {
    local number
    number=$(cat "$STATE/$2" 2>/dev/null) && [ "$(ps -o comm= -p "$number")" = "$1" ] && echo "$number"
}

# All that runs on a node is known by its variables, and its slurmstepd as the parent of what it started first. The daemon
# goes first and these next, so that none of them hears how the tasks end.
power_cut() {
    local tasks steps
    tasks=$(grep -lzsx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ | cut -d/ -f3 || true)
    steps=$(for task in $tasks; do ps -o ppid= -p "$task" || true; done | sort -u | xargs -r ps -o pid=,comm= -p |
        awk '$2 == "slurmstepd" {print $1}')
    kill -KILL $(running slurmd "$1.pid") $steps $tasks 2>/dev/null || true
}

# Ends a daemon and waits until it is gone: a new start would take it for one that stays.
end() {
    local number
    number=$(running "$@") || return 0
    kill "$number"
    for _ in $(seq 40); do
        kill -0 "$number" 2>/dev/null || return 0
        sleep 0.25
    done
    kill -KILL "$number" 2>/dev/null || true
}

down() {
    local node file
    for node in n1 n2; do
        power_cut "$node"
    done
    end slurmctld slurmctld.pid
    end slurmdbd slurmdbd.pid
    end mariadbd mariadb/pid
    end munged munge/pid
    # Left there, it would make every start of Snakemake wait for a controller that no longer answers.
    for file in "$CONFIG" /etc/slurm/slurmdbd.conf; do
        [ ! -e "$file" ] || ! grep -qF "$MARK" "$file" || rm "$file"
    done
}

case "${1:-}" in
    why-not) why_not ;;
    up) up ;;
    cut) power_cut "$2" ;;
    start) start_node "$2" ;;
    down) down ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
