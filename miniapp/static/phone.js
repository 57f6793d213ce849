// What the phone's pages do better with scripts. Every page works without.
(function () {
	'use strict';

	var skeleton = document.querySelector('.skeleton');
	var waiting = 0;

	// A skeleton after 300 ms, while the next page is on its way.
	function leave() {
		clearTimeout(waiting);
		waiting = setTimeout(function () { skeleton.hidden = false; }, 300);
	}

	document.addEventListener('click', function (e) {
		var a = e.target.closest ? e.target.closest('a[href]') : null;
		if (a && a.origin === location.origin && !e.defaultPrevented && !a.target && a.getAttribute('href')[0] !== '#') {
			leave();
		}
	});

	// One press is one submit; without a network what was typed stays.
	document.addEventListener('submit', function (e) {
		var form = e.target;
		if (form.dataset.sent || navigator.onLine === false) {
			e.preventDefault();
			if (!form.dataset.sent) {
				say(form, '没有提交，网络断开了。内容还在，连上后再点一次。');
			}
			return;
		}
		form.dataset.sent = '1';
		// After the browser has collected the form, so that the pressed button goes along.
		setTimeout(function () {
			form.querySelectorAll('button[type=submit]').forEach(function (b) {
				b.disabled = true;
				if (b.dataset.busy) {
					b.dataset.label = b.textContent;
					b.textContent = b.dataset.busy;
				}
			});
		}, 0);
	});

	function say(form, text) {
		var p = form.querySelector('.say--todo') || document.createElement('p');
		p.className = 'say say--todo';
		p.setAttribute('role', 'alert');
		p.textContent = text;
		form.insertBefore(p, form.lastElementChild);
	}

	// Back from the next page: everything as it was.
	window.addEventListener('pageshow', function (e) {
		clearTimeout(waiting);
		skeleton.hidden = true;
		if (!e.persisted) {
			return;
		}
		document.querySelectorAll('form[data-sent]').forEach(function (form) {
			delete form.dataset.sent;
			form.querySelectorAll('button[type=submit]').forEach(function (b) {
				b.disabled = false;
				if (b.dataset.label) {
					b.textContent = b.dataset.label;
				}
			});
		});
	});

	// A button that waits until its text was read to the end.
	document.querySelectorAll('button[data-after]').forEach(function (b) {
		var end = document.getElementById(b.dataset.after);
		if (!end || !('IntersectionObserver' in window)) {
			return;
		}
		var label = b.textContent;
		b.disabled = true;
		b.textContent = b.dataset.waiting;
		var bar = b.parentElement.offsetHeight;
		var watch = new IntersectionObserver(function (entries) {
			if (entries.some(function (x) { return x.isIntersecting; })) {
				watch.disconnect();
				b.disabled = false;
				b.textContent = label;
			}
		}, { rootMargin: '0px 0px -' + bar + 'px 0px' });
		watch.observe(end);
	});

	// The main button is grey until what is required is filled in.
	document.querySelectorAll('form[data-complete]').forEach(function (form) {
		var b = form.querySelector('.action button[type=submit]');
		function look() { b.disabled = !form.checkValidity(); }
		form.addEventListener('input', look);
		look();
	});

	// How many characters are left.
	document.querySelectorAll('[data-count]').forEach(function (input) {
		var out = document.getElementById(input.dataset.count);
		function count() { out.textContent = input.value.length + '/' + input.maxLength; }
		input.addEventListener('input', count);
		count();
	});
})();
