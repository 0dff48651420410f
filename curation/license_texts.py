"""Licence texts that `identify` does not carry: short variants, and the notices that stand in for a full text."""

from __future__ import annotations

_MIT_GRANT = """
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so"""
_MIT_CONDITION = """, subject to the following conditions:
The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software."""
_MIT_DISCLAIMER = """
THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""
_BSD_GRANT = """
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:
Redistributions of source code must retain the above copyright notice, this list of conditions and the following
disclaimer."""
_BSD_BINARY = """
Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
disclaimer in the documentation and/or other materials provided with the distribution."""
_BSD_ADVERTISING = """
All advertising materials mentioning features or use of this software must display the following acknowledgement:
This product includes software developed by the organization."""
_BSD_NAME = """
Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
derived from this software without specific prior written permission."""
_BSD_AUTHOR = """
The name of the author may not be used to endorse or promote products derived from this software without specific prior
written permission."""
_BSD_DISCLAIMER = """
THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""

VARIANTS: tuple[tuple[str, str], ...] = (
    ("MIT-0", f"{_MIT_GRANT}.{_MIT_DISCLAIMER}"),
    (
        "X11",
        f"""{_MIT_GRANT}{_MIT_CONDITION}
        THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
        THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE X
        CONSORTIUM BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
        OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
        Except as contained in this notice, the name of the X Consortium shall not be used in advertising or otherwise
        to promote the sale, use or other dealings in this Software without prior written authorization from the X
        Consortium.""",
    ),
    ("JSON", f"{_MIT_GRANT}{_MIT_CONDITION}\nThe Software shall be used for Good, not Evil.{_MIT_DISCLAIMER}"),
    ("BSD-1-Clause", f"{_BSD_GRANT}{_BSD_DISCLAIMER}"),
    ("BSD-3-Clause", f"{_BSD_GRANT}{_BSD_BINARY}{_BSD_AUTHOR}{_BSD_DISCLAIMER}"),
    (
        "HPND",
        """Permission to use, copy, modify, and distribute this software and its documentation for any purpose and
        without fee is hereby granted, provided that the above copyright notice appear in all copies and that both that
        copyright notice and this permission notice appear in supporting documentation, and that the name of the
        copyright holder not be used in advertising or publicity pertaining to distribution of the software without
        specific, written prior permission.
        THE COPYRIGHT HOLDER DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE, INCLUDING ALL IMPLIED WARRANTIES OF
        MERCHANTABILITY AND FITNESS, IN NO EVENT SHALL THE COPYRIGHT HOLDER BE LIABLE FOR ANY SPECIAL, INDIRECT OR
        CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
        ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
        PERFORMANCE OF THIS SOFTWARE.""",
    ),
    ("BSD-4-Clause", f"{_BSD_GRANT}{_BSD_BINARY}{_BSD_ADVERTISING}{_BSD_NAME}{_BSD_DISCLAIMER}"),
    (
        "curl",
        """Permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby
        granted, provided that the above copyright notice and this permission notice appear in all copies.
        THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
        THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY RIGHTS.
        IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
        IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE
        OR OTHER DEALINGS IN THE SOFTWARE.
        Except as contained in this notice, the name of a copyright holder shall not be used in advertising or otherwise
        to promote the sale, use or other dealings in this Software without prior written authorization of the copyright
        holder.""",
    ),
    (
        "LicenseRef-Commons-Clause",
        """"Commons Clause" License Condition v1.0
        The Software is provided to you by the Licensor under the License, as defined below, subject to the following
        condition. Without limiting other conditions in the License, the grant of rights under the License will not
        include, and the License does not grant to you, the right to Sell the Software. For purposes of the foregoing,
        "Sell" means practicing any or all of the rights granted to you under the License to provide to third parties,
        for a fee or other consideration (including without limitation fees for hosting or consulting/ support services
        related to the Software), a product or service whose value derives, entirely or substantially, from the
        functionality of the Software. Any license notice or attribution required by the License must also include this
        Commons Clause License Condition notice.""",
    ),
    (
        "LLVM-exception",
        """LLVM Exceptions to the Apache 2.0 License
        As an exception, if, as a result of your compiling your source code, portions of this Software are embedded into
        an Object form of such source code, you may redistribute such embedded portions in such Object form without
        complying with the conditions of Sections 4(a), 4(b) and 4(d) of the License. In addition, if you combine or
        link compiled forms of this Software with software that is licensed under the GPLv2 ("Combined Software") and if
        a court of competent jurisdiction determines that the patent provision (Section 3), the indemnity provision
        (Section 9) or other Section of the License conflicts with the conditions of the GPLv2, you may retroactively
        and prospectively choose to deem waived or otherwise exclude such Section(s) of the License, but only in their
        entirety and only with respect to the Combined Software.""",
    ),
)
"""(SPDX id, text); `LLVM-exception` is an exception to Apache-2.0 and no licence of its own."""

_GNU_NOTICE = """
This program is free software: you can redistribute it and/or modify it under the terms of the GNU {name} General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version.
This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU {name} General Public License for more
details.
You should have received a copy of the GNU {name} General Public License along with this program. If not, see
<https://www.gnu.org/licenses/>."""

NOTICES: tuple[str, ...] = (
    """Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance
    with the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
    Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on
    an "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the
    specific language governing permissions and limitations under the License.""",
    """Licensed under the Apache License, Version 2.0 (the "License"). You may not use this file except in compliance
    with the License. A copy of the License is located at http://aws.amazon.com/apache2.0/ or in the "license" file
    accompanying this file. This file is distributed on an "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND,
    either express or implied. See the License for the specific language governing permissions and limitations under
    the License.""",
    _GNU_NOTICE.format(name=""),
    _GNU_NOTICE.format(name="Lesser"),
    _GNU_NOTICE.format(name="Affero"),
    """This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. If a copy of the MPL was not
    distributed with this file, You can obtain one at http://mozilla.org/MPL/2.0/.""",
)
"""Notices that a licence file may consist of; which licence and version they name is read from the text itself."""
