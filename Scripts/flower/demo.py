"""The demonstration of Scripts/flower-demo: three sites, a coordinator, and Flower between them, all on this machine."""

import pathlib
import shutil
import sys
import tempfile
import time

from deployment import ROOT, Deployment, Failed, Workplace, endings, rounds_of

SITES = 3
PATIENTS = 6
# Several passes in a round, because here it is Flower's messages that take time.
OPTIONS = {"--method": "fcl", "--rounds": "8", "--local-epochs": "4", "--learning-rate": "0.002", "--width": "8",
           "--size": "64", "--spacing": "3.2", "--feature-dimension": "32"}
OWN = ["--output", "--resume", "--sites", "--runtime", "--ca", "--superexec-secret", "--config"]
COLUMNS = ["round", "sites", "loss", "separation", "MB sent", "MB received", "seconds"]


def say(text):
    print(text, flush=True)


def phantoms(workplace):
    """Patients of each site, made on the first call."""
    folders = []
    for site in range(SITES):
        folder = ROOT / "runs" / "phantoms-flower" / f"site-{site}"
        if not folder.exists():
            # Made under another name first: a folder with this one is complete.
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            code, text = workplace.call(
                workplace.program("MakePhantoms"), "--output", partial, "--patients", PATIENTS, "--seed", site + 1, "--quiet")
            if code != 0:
                raise Failed(f"MakePhantoms ended with exit code {code}: {text.strip()}")
            partial.rename(folder)
        folders.append(folder / "training")
    return folders


def row(cells):
    return "  ".join(f"{cell:>{len(column)}}" for cell, column in zip(cells, COLUMNS))


def table_row(report):
    def metric(name):
        return f"{report['metrics'][name]:.3f}" if name in report["metrics"] else "–"

    # Bytes as sites see them: up is what they sent.
    return row([
        report["round"], len(report["participants"]), metric("loss"), metric("separation"),
        f"{report['bytesUp'] / 1e6:.2f}", f"{report['bytesDown'] / 1e6:.2f}", f"{sum(report['seconds'].values()):.1f}",
    ])


def demonstrate(workplace, output, options):
    given = {option.split("=")[0] for option in options}
    options = [word for name, value in OPTIONS.items() if name not in given for word in (name, value)] + options
    data = phantoms(workplace)

    say("making an authority, a certificate, a secret, and starting the SuperLink")
    deployment = Deployment(workplace, "demo", secured=True)
    deployment.start()
    say(f"the SuperLink listens on {deployment.address}; registering and starting {SITES} SuperNodes and their sites")
    nodes = [deployment.supernode(str(site), partition_id=site) for site in range(SITES)]
    clients = []
    for site, node in enumerate(nodes):
        deployment.await_supernode(node)
        state = workplace.folder / f"state-{site}"
        clients.append(deployment.client(str(site), node, "--data", data[site], "--state", state))
    run = output / "run"
    server = deployment.server("pretrain", "--output", run, "--sites", SITES, *options)
    say(f"submitted run {deployment.submit()}; a round takes at least 7 s, since Flower asks for messages every 3 s")
    say("")
    say(row(COLUMNS))
    shown = 0
    while True:
        ended = not server.running
        for report in rounds_of(run)[shown:]:
            say(table_row(report))
            shown += 1
            for absence in report["absent"]:
                say(f"       without {absence['client']}: {absence['reason']}")
        if ended:
            break
        for process in (deployment.superlink, *nodes, *clients):
            if not process.running:
                raise Failed(f"{process.name} ended with exit code {process.popen.returncode}")
        time.sleep(0.2)
    code = server.popen.returncode
    if code != 0:
        lines = server.text().strip().splitlines()
        raise Failed(f"FlowerServer ended with exit code {code}: {lines[-1] if lines else 'it printed nothing'}")
    say("")
    say("separation: how much more alike features of one part of the heart are than those of different parts")
    say(f"encoder: {run.relative_to(ROOT)}/encoder.safetensors")
    say(f"report:  {run.relative_to(ROOT)}/report.html")


def main():
    programs, *options = sys.argv[1:]
    for option in options:
        if option.split("=")[0] in OWN:
            print(f"flower-demo: {option}: the demonstration sets this itself", file=sys.stderr)
            return 64
    endings()
    output = ROOT / "runs" / time.strftime("flower-demo-%Y%m%d-%H%M%S")
    logs = output / "logs"
    try:
        # Keys and the secret go with the folder.
        with tempfile.TemporaryDirectory(prefix="flower-demo.") as folder:
            with Workplace(pathlib.Path(folder), programs, logs) as workplace:
                demonstrate(workplace, output, options)
    except KeyboardInterrupt:
        return 130
    except Failed as error:
        print(f"flower-demo: {error}; logs are in {logs}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
