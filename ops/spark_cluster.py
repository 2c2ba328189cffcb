"""A Spark cluster of separate processes on this machine: a master, workers and a Thrift server, to which dbt speaks.

`with Cluster(folder) as cluster:` starts it and stops it; `python -m ops.spark_cluster DIR` runs it until it is told to
end. It listens on loopback alone, and asks for no password: it is for tests and for trying out. Needs Java 17.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HOST = "127.0.0.1"
METASTORE = "jdbc:derby:;databaseName={}/metastore;create=true"
THRIFT_SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
# What the project asks of any Spark (docs/spark.md).
SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # A product of decimals keeps its places, or fails: it never drops the last ones in silence.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # The CTEs of a model are hundreds of short steps on tables of any size: what is small is not shuffled.
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # A build that was killed may leave a table's folder without its table: the next build writes over it.
    "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",
}


class Cluster:
    """Starts a master, `workers` of `cores` each and a Thrift server, with metastore and tables in `folder`."""

    def __init__(self, folder: Path, workers: int = 2, cores: int = 1, memory: str = "2g", partitions: int = 4):
        self.folder = folder.absolute()
        self.count, self.cores, self.memory, self.partitions = workers, cores, memory, partitions
        self.master_port, self.port = free_ports(2)
        self.workers: list[subprocess.Popen] = []
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> "Cluster":
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the profile's output `spark` finds this cluster."""
        return {"CUSTOMER_SCORES_SPARK_HOST": HOST, "CUSTOMER_SCORES_SPARK_PORT": str(self.port)}

    def start(self) -> None:
        """Starts all processes, and returns when the Thrift server answers."""
        master = f"spark://{HOST}:{self.master_port}"
        self.run("master", "org.apache.spark.deploy.master.Master", "--port", self.master_port, "--webui-port", 0)
        self.wait(self.master_port)
        for number in range(self.count):
            self.add_worker(number)
        settings = SESSION | {
            "spark.sql.shuffle.partitions": self.partitions,
            "spark.sql.warehouse.dir": self.folder / "warehouse",
            "spark.sql.catalogImplementation": "hive",
            "spark.hadoop.javax.jdo.option.ConnectionURL": METASTORE.format(self.folder),
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={self.folder} -Duser.timezone=UTC",
            "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
            "spark.executor.memory": self.memory,
            "spark.ui.enabled": "false",
            # Of thousands of statements few are looked at again.
            "spark.ui.retainedTasks": 1000,
            "spark.ui.retainedJobs": 50,
            "spark.ui.retainedStages": 50,
            "spark.sql.ui.retainedExecutions": 10,
            "spark.sql.maxPlanStringLength": 10000,
            "spark.hadoop.hive.server2.thrift.port": self.port,
            "spark.hadoop.hive.server2.thrift.bind.host": HOST,
        }
        confs = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        self.run(
            "thrift",
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            master,
            *confs,
            "--class",
            THRIFT_SERVER,
            "spark-internal",
        )
        self.wait(self.port)

    def add_worker(self, number: int) -> subprocess.Popen:
        """Starts one more worker."""
        arguments = ["--host", HOST, "--webui-port", 0, "--cores", self.cores, "--memory", self.memory]
        arguments += ["--work-dir", self.folder / f"worker-{number}", f"spark://{HOST}:{self.master_port}"]
        self.workers.append(self.run(f"worker-{number}", "org.apache.spark.deploy.worker.Worker", *arguments))
        return self.workers[-1]

    def run(self, name: str, main_class: str, *arguments) -> subprocess.Popen:
        """Starts a process of Spark in a group of its own, whose log is `name`.log in the folder."""
        import pyspark

        home = Path(pyspark.__file__).parent
        environment = os.environ | {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_MASTER_HOST": HOST,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_SCALA_VERSION": "2.13",
            # That of the Thrift server is the driver's: it plans all statements.
            "SPARK_DAEMON_MEMORY": "4g" if name == "thrift" else "512m",
        }
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [home / "bin" / "spark-class", main_class, *map(str, arguments)],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def wait(self, port: int, seconds: float = 180) -> None:
        """Waits until a port answers; raises RuntimeError where a process ends or the time is over."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"A process of Spark has ended: see the logs in {self.folder}.")
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
            time.sleep(0.3)
        raise RuntimeError(f"Spark does not answer after {seconds:.0f} seconds: see the logs in {self.folder}.")

    def kill_worker(self, number: int) -> None:
        """Kills a worker with its executors, as when a machine goes away."""
        kill(self.workers[number], signal.SIGKILL)
        # An executor is a child of the worker, and in its group.
        self.processes.remove(self.workers[number])

    def stop(self) -> None:
        """Ends all processes, the Thrift server first."""
        for process in reversed(self.processes):
            kill(process, signal.SIGTERM)
        self.processes.clear()
        shutil.rmtree(self.folder / "local", ignore_errors=True)


def kill(process: subprocess.Popen, sign: int) -> None:
    """Sends a signal to a process and all of its group, and waits; after ten seconds it is killed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sign)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens at present."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def main(arguments: list[str] | None = None) -> int:
    """Runs a cluster until it is told to end, and says how to reach it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder for metastore, tables and logs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="cores of each worker")
    options = parser.parse_args(arguments)
    ended = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: ended.set())
    with Cluster(options.folder, options.workers, options.cores) as cluster:
        print(" ".join(f"{name}={value}" for name, value in cluster.environment.items()), flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
