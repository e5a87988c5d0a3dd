"""Trains stacks on a Ray cluster: what comes back is what training here would have written.

A task is a stack. Its training set lies in the object store, once a node; the code of `ae` travels
with the job, so a worker needs only the libraries, in the versions of this machine. The worker
trains as `ae.training.stack_training` does and returns the bytes of the members' files, which are
stored where a local run would have stored them. Planning, measuring and drawing stay here.
"""

import torch

from ae.errors import OutsideError
from ae.running.ray.crew import RayCrew
from ae.running.ray.reach import connect


class Cluster:
    """A Ray cluster that trains stacks.

    Args:
        address: `HOST:PORT` of the cluster's head. None is `RAY_ADDRESS`, else the cluster that
            this machine belongs to, else a new one on this machine that ends with `close`.
        device: What a stack trains on: `cpu`, `cuda` (one GPU a stack), or `auto`, which is CUDA
            where the cluster has a GPU.
        cpus: CPU cores of a stack, and its threads; this process takes as many, so that it measures
            as it would measure what it trained itself.

    Raises:
        OutsideError: Ray is not installed, the address does not answer, or no node is large enough.
    """

    def __init__(self, address: str | None, device: str, cpus: int) -> None:
        torch.set_num_threads(cpus)
        self._ray = connect(address, cpus)
        gpus = self._ray.cluster_resources().get("GPU", 0) >= 1
        self.device = ("cuda" if gpus else "cpu") if device == "auto" else device
        self.cpus = cpus
        if lack := self.lack():
            self.close()
            raise OutsideError(f"--executor ray: {lack}")

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._ray.shutdown()

    def crew(self) -> RayCrew:
        """Who does the jobs of a suite: stacks there, all else here."""
        return RayCrew(self, self._ray)

    def lack(self) -> str:
        """What keeps a stack from ever being placed; empty if nothing does."""
        if self.room():
            return ""
        wanted, nodes = self._each(), self._nodes()
        have = sorted(f"{n.get('CPU', 0):g} CPU and {n.get('GPU', 0):g} GPU" for n in nodes)
        return (
            f"a stack takes {wanted['CPU']} CPU and {wanted['GPU']} GPU on one node; the nodes have "
            f"{', '.join(have) or 'left'}; use --cpus or --device, or add a node"
        )

    def room(self) -> int:
        """How many stacks have room at once, on the nodes that there are now."""
        wanted = {name: count for name, count in self._each().items() if count}
        nodes = self._nodes()
        return sum(int(min(node.get(k, 0) // v for k, v in wanted.items())) for node in nodes)

    def _each(self) -> dict[str, int]:
        """What a stack takes."""
        return {"CPU": self.cpus, "GPU": int(self.device == "cuda")}

    def _nodes(self) -> list[dict[str, float]]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
