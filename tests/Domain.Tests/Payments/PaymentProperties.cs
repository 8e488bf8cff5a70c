using AIaaS.Domain;
using AIaaS.Domain.Payments;
using FsCheck;
using FsCheck.Fluent;

namespace Domain.Tests.Payments;

/// <summary>What holds for payments whatever happens to them.</summary>
public sealed class Payments_of_any_history
{
    [Test]
    public void never_give_back_more_than_was_taken() => Prop.ForAll(
        ArbMap.Default.ArbFor<(PositiveInt, PositiveInt, bool)[]>(),
        steps =>
        {
            var state = Some.After(Some.Requested(), Some.Captured());
            for (var i = 0; i < steps.Length; i++)
            {
                var (cents, kind, isRepeated) = steps[i];
                var id = $"f{(isRepeated ? i / 2 : i)}";
                foreach (var e in state.Ask(Some.Refund(cents.Get % 9_000 / 100m, id)).Events)
                {
                    state = state.Evolve(e);
                }

                if (kind.Get % 3 == 0 && state.OpenRefunds.FirstOrDefault() is { } open)
                {
                    var refund = new ProcessorRefund("r-" + open, open, state.RefundRequests[open].Amount.Amount, kind.Get % 2 == 0 ? ProcessorRefundStatus.Done : ProcessorRefundStatus.Failed);
                    state = Some.Told(state, Some.Seen(ProcessorStatus.Captured, 100, refund));
                }

                var promised = state.Refunded + state.OpenRefunds.Sum(r => state.RefundRequests[r].Amount.Amount);
                if (promised > state.Captured || state.Refunded < 0)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void come_out_the_same_in_any_order_of_webhooks() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(),
        draws =>
        {
            ProcessorRefund first = new("r1", null, 30, ProcessorRefundStatus.Done);
            ProcessorRefund second = new("r2", null, 20, ProcessorRefundStatus.Done);
            ProcessorPayment[] webhooks =
            [
                Some.Seen(ProcessorStatus.Declined),
                Some.Seen(ProcessorStatus.Pending),
                Some.Seen(ProcessorStatus.Captured, 100),
                Some.Seen(ProcessorStatus.Captured, 100, first),
                Some.Seen(ProcessorStatus.Captured, 0, second),
                Some.Seen(ProcessorStatus.Captured, 100, first, second with { Status = ProcessorRefundStatus.Failed }),
            ];
            // Some come twice; then all come in an order drawn from the input.
            var order = webhooks.Concat(webhooks.Take(draws.Length % webhooks.Length)).Select((w, i) => (w, Key: i < draws.Length ? draws[i] : 0)).OrderBy(p => p.Key).Select(p => p.w);
            var state = order.Aggregate(Some.After(Some.Requested()), Some.Told);
            return state is { Status: PaymentStatus.PartiallyRefunded, Captured: 100, Refunded: 30, IsCaptureImplied: false, Declined: null } && state.FailedRefunds.SetEquals(["r2"]) && state.Refunds.Keys.SequenceEqual(["r1"]);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void read_minor_units_back_as_they_were() => Prop.ForAll(
        Gen.Choose(1, (int)Currencies.MaxMinorUnits).Zip(Gen.Elements("USD", "JPY", "KWD", "EUR", "ISK")).ToArbitrary(),
        p => Currencies.ToMinor(Currencies.FromMinor(p.Item1, p.Item2)) == p.Item1 && Currencies.Fault(Currencies.FromMinor(p.Item1, p.Item2)) is null).QuickCheckThrowOnFailure();
}
