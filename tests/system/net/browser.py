"""A headless Chromium that shows one page, driven by the DevTools protocol over two pipes: no port, no profile
that is shared, nothing but the page's own requests.

    with browser.Browser(scratch) as web:
        web.open('http://10.77.0.10/')
        web.value('document.title')

What the page does wrong is collected: `problems` has errors of its scripts, what it writes to its console and what
its policy forbids; `requests` has every address it asked for. [Chrome DevTools Protocol]
"""
import base64
import contextlib
import json
import os
from pathlib import Path
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import rig  # noqa: E402

PATIENCE = 60.0
# Chromium asks its maker about updates, fonts, languages and more, unless told not to.
_QUIET = ('--headless=new', '--no-first-run', '--no-default-browser-check', '--disable-background-networking',
          '--disable-component-update', '--disable-sync', '--disable-extensions', '--disable-gpu', '--mute-audio',
          '--disable-default-apps', '--no-proxy-server', '--disable-dev-shm-usage', '--hide-scrollbars',
          '--force-color-profile=srgb', '--disable-features=OptimizationHints,MediaRouter,Translate')
# The sandbox needs another user than root; the page is our own.
_ROOT = ('--no-sandbox',)


class Browser:
    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._number, self._input = 0, b''
        self._answers, self._session = {}, None
        self.problems, self.requests = [], []
        self.loads = 0

    def __enter__(self):
        program = shutil.which('chromium')
        if not program:
            raise rig.ProjectError('chromium is not installed: run scripts/setup')
        try:
            self._start(program)
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self, program):
        home = self._stack.enter_context(tempfile.TemporaryDirectory(prefix='hypercore-browser-',
                                                                     ignore_cleanup_errors=True))
        read_commands, self._to = os.pipe()
        self._from, write_answers = os.pipe()
        for end in (self._to, self._from):
            self._stack.callback(os.close, end)
        log = self._stack.enter_context(open(Path(home) / 'log', 'wb'))

        def place_pipes():  # what it reads is 3, what it writes is 4
            rig.die_with_parent()
            commands, answers = os.dup(read_commands), os.dup(write_answers)
            os.dup2(commands, 3)
            os.dup2(answers, 4)
        self._process = subprocess.Popen(
            [program, *_QUIET, *(_ROOT if os.geteuid() == 0 else ()), '--remote-debugging-pipe',
             f'--user-data-dir={home}/profile', 'about:blank'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, 'HOME': home, 'XDG_CONFIG_HOME': home, 'XDG_CACHE_HOME': home},
            preexec_fn=place_pipes, close_fds=False, start_new_session=True)
        os.close(read_commands)
        os.close(write_answers)
        self._stack.callback(self._end)
        page = next(each for each in self.call('Target.getTargets')['targetInfos'] if each['type'] == 'page')
        self._session = self.call('Target.attachToTarget', targetId=page['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network', 'Audits'):
            self.call(f'{domain}.enable')

    def _end(self):
        with contextlib.suppress(OSError, rig.ProjectError):
            self._session = None
            self._send('Browser.close')
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # --- the protocol --------------------------------------------------------------------------

    def _send(self, method, **parameters):
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self._to, data):]
        return self._number

    def pump(self, seconds=0.0):
        """Takes what has come, after waiting that long for something at most."""
        while select.select([self._from], [], [], seconds)[0]:
            data = os.read(self._from, 1 << 16)
            if not data:
                raise rig.ProjectError(f'chromium ended: status {self._process.poll()}')
            *whole, self._input = (self._input + data).split(b'\0')
            for each in whole:
                self._take(json.loads(each))
            seconds = 0.0

    def _take(self, message):
        if 'id' in message:
            self._answers[message['id']] = message
            return
        method, about = message['method'], message['params']
        if method == 'Runtime.exceptionThrown':
            detail = about['exceptionDetails']
            self.problems.append(detail.get('exception', {}).get('description') or detail['text'])
        elif method == 'Runtime.consoleAPICalled':
            self.problems.append(f'console.{about["type"]}: {[it.get("value") for it in about["args"]]}')
        elif method == 'Log.entryAdded':
            entry = about['entry']
            self.problems.append(f'{entry["source"]}: {entry["text"]} {entry.get("url", "")}')
        elif method == 'Audits.issueAdded':
            self.problems.append(json.dumps(about['issue']))
        elif method == 'Network.requestWillBeSent':
            self.requests.append(about['request']['url'])
        elif method == 'Page.loadEventFired':
            self.loads += 1

    def call(self, method, **parameters):
        """The result of a command. Raises ProjectError when it is refused."""
        number, end = self._send(method, **parameters), time.monotonic() + PATIENCE
        while number not in self._answers:
            if time.monotonic() > end:
                raise rig.ProjectError(f'chromium does not answer {method}')
            self.pump(1.0)
        answer = self._answers.pop(number)
        if 'error' in answer:
            raise rig.ProjectError(f'{method}: {answer["error"]}')
        return answer['result']

    # --- the page ------------------------------------------------------------------------------

    def resize(self, width, height, scale=1):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale,
                  mobile=False)

    def scheme(self, name):
        """'light' or 'dark', as the person prefers."""
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': name}])

    def open(self, address):
        """Begins to load; `loads` counts when it is done."""
        answer = self.call('Page.navigate', url=address)
        if 'errorText' in answer:
            raise rig.ProjectError(f'{address}: {answer["errorText"]}')

    def value(self, expression):
        """What JavaScript in the page makes of an expression, as JSON has it."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        if 'exceptionDetails' in answer:
            raise rig.ProjectError(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def texts(self, selector):
        return self.value(f'[...document.querySelectorAll({json.dumps(selector)})].map(it => it.textContent)')

    def picture(self, whole=False):
        """A PNG of what is seen; whole: of the page down to its end."""
        return base64.b64decode(self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data'])

    def tree(self):
        """What a screen reader is told: {(role, name)}."""
        nodes = self.call('Accessibility.getFullAXTree')['nodes']
        return {(node['role']['value'], node.get('name', {}).get('value', '')) for node in nodes
                if not node['ignored'] and 'role' in node}

    def __exit__(self, *_):
        self._stack.close()
